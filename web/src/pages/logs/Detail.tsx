import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronDown, ChevronUp } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Call, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { useFormat } from '@/lib/format'
import type { Params } from '@/lib/params'
import { OutcomeBadge } from '@/parts/outcome'
import { IconButton } from '@/ui/Button'
import { Code, CopyButton } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { Disclosure } from '@/ui/Disclosure'
import { Loading, Notice } from '@/ui/Feedback'
import { type Field, termFor } from './filter'
import { Waterfall } from './Waterfall'

interface Props {
  id: string
  /** What the list knows of it. */
  known: Call | undefined
  newer: string | undefined
  older: string | undefined
  onOpen: (id: string | undefined) => void
}

const isGone = (error: unknown) => error instanceof ApiError && error.status === 404

/** One call: what was asked, what came of it, and every attempt on a common time axis. */
export function Detail({ id, known, newer, older, onOpen }: Props) {
  const { t } = useTranslation()
  const call = useQuery({
    queryKey: ['requests', 'one', id],
    queryFn: () => unwrap(api.GET('/api/requests/{id}', { params: { path: { id } } })),
    initialData: known,
    staleTime: Number.POSITIVE_INFINITY,
    // A call that still runs is not there yet.
    refetchInterval: (query) => (isGone(query.state.error) ? 2_000 : false),
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === '[' && newer) onOpen(newer)
      if (event.key === ']' && older) onOpen(older)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [newer, older, onOpen])
  const link = `${window.location.origin}/logs?id=${encodeURIComponent(id)}`
  return (
    <Dialog
      open
      wide
      kind="sheet"
      onClose={() => onOpen(undefined)}
      title={t('logs.request')}
      description={<span className="break-all font-mono text-[0.93rem]">{id}</span>}
    >
      <div className="mb-4 flex flex-wrap items-center gap-2">
        {call.data && <OutcomeBadge call={call.data} />}
        <span className="flex-1" />
        <IconButton label={t('logs.newer')} icon={ChevronUp} disabled={!newer} onClick={() => onOpen(newer)} />
        <IconButton label={t('logs.older')} icon={ChevronDown} disabled={!older} onClick={() => onOpen(older)} />
        <CopyButton text={link} label={t('logs.copyLink')} />
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
              {found.message && <Notice tone={found.class ? 'warn' : 'info'}>{found.message}</Notice>}
              <Waterfall call={found} />
              <Disclosure title={t('logs.raw')}>
                <Code text={JSON.stringify(found, null, 2)} label={t('logs.raw')} />
              </Disclosure>
            </div>
          )}
        </Loading>
      )}
    </Dialog>
  )
}

function Only({ field, value }: { field: Field; value: string }) {
  const { t } = useTranslation()
  if (!value) return '–'
  return (
    <Link
      to="/logs"
      search={((old: Params) => ({ ...old, q: termFor(field, value), id: undefined })) as never}
      title={t('logs.only', { term: termFor(field, value) })}
      className="break-all text-accent hover:underline"
    >
      {value}
    </Link>
  )
}

function Facts({ call }: { call: Call }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { tokens } = call
  const facts: [string, ReactNode, ReactNode?][] = [
    [t('logs.time'), f.clock(call.at), f.date(call.at)],
    [t('chat.total'), f.ms(call.duration_ms), t(call.stream ? 'logs.streamed' : 'logs.whole')],
    [t('chat.first'), call.ttft_ms > 0 ? f.ms(call.ttft_ms) : '–'],
    [
      t('logs.status'),
      f.number(call.status),
      call.class && (
        <span key="class" className="font-mono">
          <Only field="class" value={call.class} />
        </span>
      ),
    ],
    [t('chat.route'), <Only key="route" field="route" value={call.route} />],
    [t('logs.asked'), <Only key="asked" field="model" value={call.asked} />],
    [t('logs.served'), call.model || '–', call.provider && <Only key="provider" field="provider" value={call.provider} />],
    [t('dryRun.consumer'), <Only key="consumer" field="consumer" value={call.consumer} />, call.client_ip],
    [
      t('logs.tokensIn'),
      tokens ? f.number(tokens.input + tokens.cache_read + tokens.cache_write) : '–',
      tokens && tokens.cache_read > 0 && t('logs.cached', { n: f.number(tokens.cache_read) }),
    ],
    [
      t('logs.tokensOut'),
      tokens ? f.number(tokens.output) : '–',
      tokens && tokens.reasoning > 0 && t('logs.reasoning', { n: f.number(tokens.reasoning) }),
    ],
    [t('logs.bytes'), `${f.number(call.bytes_in)} / ${f.number(call.bytes_out)}`],
    [t('dryRun.path'), <span key="path" className="break-all font-mono font-normal text-[0.82rem]">{`${call.method} ${call.path}`}</span>],
  ]
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-3 rounded-xl bg-sunken p-4 sm:grid-cols-4">
      {facts.map(([name, value, note]) => (
        <div key={name} className="min-w-0">
          <dt className="text-[0.86rem] text-ink3">{name}</dt>
          <dd className="break-words font-medium tabular-nums">
            {value}
            {note && <span className="block font-normal text-[0.86rem] text-ink2">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
