import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Call, unwrap } from '@/api/client'
import { client } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { type Params, useParam } from '@/lib/params'
import { outcomes } from '@/parts/outcome'
import { Button } from '@/ui/Button'
import { Loading, Notice } from '@/ui/Feedback'
import { Segmented } from '@/ui/Segmented'
import { Detail } from './Detail'
import { askedOutcome, filterCalls, parseFilter, withField } from './filter'
import { CallList } from './List'
import { kept, merged } from './latest'
import { NoCalls } from './NoCalls'

const step = 50
const key = ['requests', 'all']

/** The newest calls, joined with those already known: only the first look asks for all. */
async function latest(): Promise<Call[]> {
  const ask = async (limit: number) => (await unwrap(api.GET('/api/requests', { params: { query: { limit } } }))).requests
  const known = client.getQueryData<Call[]>(key)
  return (known && merged(known, await ask(step), step)) ?? (await ask(kept))
}

/** The latest calls of clients, and what became of each. */
export default function Logs() {
  const [paused, setPaused] = useParam('paused')
  const calls = useQuery({ queryKey: key, queryFn: latest, refetchInterval: paused ? false : 2_000, staleTime: 1_000 })
  return (
    <Loading query={calls} rows={8}>
      {(all) =>
        all.length > 0 ? (
          <Found calls={all} live={!paused} setLive={(live) => setPaused(live ? undefined : '1')} />
        ) : (
          <>
            <NoCalls />
            <Opened calls={[]} />
          </>
        )
      }
    </Loading>
  )
}

function Found({ calls, live, setLive }: { calls: Call[]; live: boolean; setLive: (live: boolean) => void }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [text, setText] = useFilterText()
  const [most, setMost] = useState(100)
  const sought = useDeferredValue(text)
  const filter = useMemo(() => parseFilter(sought), [sought])
  const found = useMemo(() => filterCalls(calls, filter), [calls, filter])
  return (
    <section className="rounded-2xl border border-line bg-surface shadow-card">
      <div className="flex flex-wrap items-center gap-2 p-3">
        <FilterBox text={text} onChange={setText} />
        <Segmented
          label={t('logs.status')}
          value={askedOutcome(filter) ?? 'all'}
          options={[
            { value: 'all', label: t('logs.all') },
            ...outcomes.map((outcome) => ({ value: outcome, label: t(`logs.outcome.${outcome}`) })),
          ]}
          onChange={(value) => setText(withField(text, 'status', value === 'all' ? undefined : value))}
        />
        <Segmented
          label={t('logs.refresh')}
          value={live ? 'live' : 'paused'}
          options={[
            { value: 'live', label: t('logs.live') },
            { value: 'paused', label: t('logs.paused') },
          ]}
          onChange={(value) => setLive(value === 'live')}
        />
      </div>
      {filter.faults.length > 0 && (
        <div className="px-3 pb-3">
          <Notice>{t('logs.noStatus', { value: filter.faults.join(', '), known: outcomes.join(', ') })}</Notice>
        </div>
      )}
      {found.length > 0 ? (
        <CallList calls={found.slice(0, most)} />
      ) : (
        <p className="border-line border-t p-6 text-center text-ink2">{t('logs.none')}</p>
      )}
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-line border-t px-4 py-2 text-[0.93rem] text-ink3">
        <span role="status">{t('logs.count', { count: found.length, n: f.number(found.length), all: f.number(calls.length) })}</span>
        {found.length > most && (
          <Button size="sm" onClick={() => setMost(most + 200)}>
            {t('logs.more')}
          </Button>
        )}
      </div>
      <Opened calls={found} />
    </section>
  )
}

/** The filter as the address holds it; writing it leaves no trail in the history. */
function useFilterText(): [string, (text: string) => void] {
  const [text] = useParam('q')
  const navigate = useNavigate()
  const set = (value: string) => {
    const search = (old: Params) => ({ ...old, q: value || undefined })
    void navigate({ to: '.', search: search as never, replace: true, resetScroll: false })
  }
  return [text ?? '', set]
}

function FilterBox({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const { t } = useTranslation()
  const box = useRef<HTMLInputElement>(null)
  const [draft, setDraft] = useState(text)
  useEffect(() => setDraft(text), [text])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement || document.querySelector('[role="dialog"]')) return
      event.preventDefault()
      box.current?.focus()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  return (
    <input
      ref={box}
      type="search"
      spellCheck={false}
      autoComplete="off"
      aria-label={t('logs.filter')}
      title={t('logs.filterHint')}
      placeholder="route:chat status:rescued model:qwen* >2s"
      value={draft}
      onChange={(e) => {
        setDraft(e.target.value)
        onChange(e.target.value)
      }}
      className="control min-w-0 flex-1 basis-64 font-mono text-[0.93rem]"
    />
  )
}

/** The call the address names, in a sheet. */
function Opened({ calls }: { calls: Call[] }) {
  const [id, setId] = useParam('id')
  if (!id) return null
  const at = calls.findIndex((call) => call.id === id)
  const near = (by: number) => (at < 0 ? undefined : calls[at + by]?.id)
  return <Detail id={id} known={calls[at]} newer={near(-1)} older={near(1)} onOpen={setId} />
}
