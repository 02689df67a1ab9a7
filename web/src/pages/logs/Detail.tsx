import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ChevronDown, ChevronUp, GitCompareArrows, Play } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Call, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { client, queries } from '@/api/queries'
import { useParam, useSetParams } from '@/lib/params'
import { setReplay } from '@/lib/replay'
import { said } from '@/lib/said'
import { OutcomeBadge } from '@/parts/outcome'
import { endpoint } from '@/shell/endpoint'
import { Button, IconButton } from '@/ui/Button'
import { Code, CopyButton } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { Loading, Notice } from '@/ui/Feedback'
import { Segmented } from '@/ui/Segmented'
import { toast } from '@/ui/toast'
import { curlOf, messagesOf } from './content'
import { Facts } from './Facts'
import { Messages } from './Messages'
import { Waterfall } from './Waterfall'

const isGone = (error: unknown) => error instanceof ApiError && error.status === 404

/** One request by its id, asked for again while it is still running. */
export function useCall(id: string) {
  return useQuery({
    queryKey: ['requests', 'one', id],
    queryFn: () => unwrap(api.GET('/api/requests/{id}', { params: { path: { id } } })),
    placeholderData: () => known().find((call) => call.id === id),
    staleTime: Number.POSITIVE_INFINITY,
    // A call that still runs is not there yet.
    refetchInterval: (query) => (isGone(query.state.error) ? 2_000 : false),
  })
}

/** The requests that lists on the page hold, in their order. */
function known(): Call[] {
  return client
    .getQueriesData<{ pages: { requests: Call[] }[] }>({ queryKey: ['requests', 'list'] })
    .flatMap(([, data]) => data?.pages.flatMap((page) => page.requests) ?? [])
}

/** The requests beside one in the list that is shown. */
function neighbours(id: string): { newer: string | undefined; older: string | undefined } {
  const rows = [...document.querySelectorAll<HTMLElement>('[role="row"] a[data-row]')]
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    .map((link) => new URL((link as HTMLAnchorElement).href).searchParams.get('id') ?? '')
  const at = rows.indexOf(id)
  return at < 0 ? { newer: undefined, older: undefined } : { newer: rows[at - 1], older: rows[at + 1] }
}

const tabs = ['timeline', 'messages', 'raw', 'curl'] as const
type Tab = (typeof tabs)[number]

/** One request: what was asked, what came of it, and every attempt on a common time axis. */
export function Detail({ id }: { id: string }) {
  const { t } = useTranslation()
  const call = useCall(id)
  const navigate = useNavigate()
  const setParams = useSetParams()
  const [asked, setTab] = useParam('tab')
  const [marked] = useParam('mark')
  const tab: Tab = tabs.find((name) => name === asked) ?? 'timeline'
  const near = neighbours(id)
  const open = (next: string | undefined) => next && setParams({ id: next }, true)
  const latest = { near, open }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === '[') latest.open(latest.near.newer)
      if (event.key === ']') latest.open(latest.near.older)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  })
  const replay = (found: Call) => {
    const said = found.content && messagesOf(found.content)
    setReplay({ model: found.asked, messages: said?.messages ?? [] })
    if (!said || said.messages.length === 0) toast(t('logs.replayEmpty'), t('logs.replayEmptyNote'))
    void navigate({ to: '/playground', search: { model: found.asked || undefined } as never })
  }
  return (
    <Dialog
      open
      wide
      kind="sheet"
      onClose={() => setParams({ id: undefined, tab: undefined })}
      title={t('logs.request')}
      description={<span className="break-all font-mono text-[0.93rem]">{id}</span>}
    >
      <div className="mb-4 flex flex-wrap items-center gap-2">
        {call.data && <OutcomeBadge call={call.data} />}
        <span className="flex-1" />
        <IconButton label={t('logs.newer')} icon={ChevronUp} disabled={!near.newer} onClick={() => open(near.newer)} />
        <IconButton label={t('logs.older')} icon={ChevronDown} disabled={!near.older} onClick={() => open(near.older)} />
        {call.data && call.data.op === 'chat' && (
          <Button size="sm" icon={Play} onClick={() => call.data && replay(call.data)}>
            {t('logs.replay')}
          </Button>
        )}
        {marked && marked !== id ? (
          <Button size="sm" icon={GitCompareArrows} onClick={() => setParams({ with: marked })}>
            {t('logs.compareMarked')}
          </Button>
        ) : (
          <Button
            size="sm"
            icon={GitCompareArrows}
            aria-pressed={marked === id}
            onClick={() => {
              setParams({ mark: marked === id ? undefined : id })
              if (marked !== id) toast(t('logs.marked'), t('logs.markedNote'))
            }}
          >
            {t('logs.compare')}
          </Button>
        )}
        <CopyButton text={`${window.location.origin}/logs?id=${encodeURIComponent(id)}`} label={t('logs.copyLink')} />
      </div>
      {isGone(call.error) && !call.data ? (
        <Notice tone="info">
          <p className="font-medium">{t('logs.gone')}</p>
          <p>{t('logs.goneHint')}</p>
        </Notice>
      ) : (
        <Loading query={call}>
          {(found) => (
            <div className="space-y-5">
              <Facts call={found} />
              {found.message && <Notice tone={found.class ? 'warn' : 'info'}>{said(found.message)}</Notice>}
              <Segmented
                label={t('logs.show')}
                value={tab}
                options={tabs.map((name) => ({ value: name, label: t(`logs.tab.${name}`) }))}
                onChange={(next) => setTab(next === 'timeline' ? undefined : next)}
              />
              {tab === 'timeline' && <Waterfall call={found} />}
              {tab === 'messages' && <Messages call={found} />}
              {tab === 'raw' && <Raw call={found} />}
              {tab === 'curl' && <Curl call={found} />}
            </div>
          )}
        </Loading>
      )}
    </Dialog>
  )
}

function Raw({ call }: { call: Call }) {
  const { t } = useTranslation()
  const { content, ...record } = call
  return (
    <div className="space-y-4">
      <Code text={JSON.stringify(record, null, 2)} label={t('logs.raw')} />
      {content && <Code text={content.request} label={t('logs.sent')} />}
      {content && <Code text={content.answer} label={t('logs.got')} />}
    </div>
  )
}

function Curl({ call }: { call: Call }) {
  const { t } = useTranslation()
  const base = endpoint(useQuery(queries.status).data)
  return (
    <div className="space-y-3">
      {!call.content && <p className="text-ink2">{t('logs.curlNote')}</p>}
      <Code text={curlOf(base, call, call.content?.request)} label="curl" />
    </div>
  )
}
