import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Download, ListFilter } from 'lucide-react'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { type Params, useParam } from '@/lib/params'
import { useRange } from '@/lib/range'
import { outcomes } from '@/parts/outcome'
import { Button } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { ErrorNote, Loading, Notice, SkeletonRows } from '@/ui/Feedback'
import { LazyMenu } from '@/ui/LazyMenu'
import { Compare } from './Compare'
import { Detail } from './Detail'
import { FacetPanel } from './FacetPanel'
import { FilterBox } from './FilterBox'
import { parseFilter } from './filter'
import { CallList } from './List'
import { NoCalls } from './NoCalls'
import { exportURL, useFacets, useLog } from './useLog'

/** The requests of clients, and what became of each. */
export default function Logs() {
  const any = useQuery(queries.anyRequest)
  return (
    <>
      <Loading query={any} rows={8}>
        {(found) => (found ? <Found /> : <NoCalls />)}
      </Loading>
      <Opened />
    </>
  )
}

function Found() {
  const { t } = useTranslation()
  const f = useFormat()
  const time = useRange()
  const [text, setText] = useFilterText()
  const [more, setMore] = useState(false)
  const sought = useDeferredValue(text)
  const filter = useMemo(() => parseFilter(sought), [sought])
  const log = useLog(filter.query)
  const facets = useFacets(filter.query)
  const scroller = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(true)
  const { past, calls } = log
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[13rem_minmax(0,1fr)]">
      <aside
        aria-label={t('logs.facets')}
        className={cx('min-w-0 rounded-2xl border border-line bg-surface p-3 shadow-card xl:block', !more && 'max-xl:hidden')}
      >
        {facets.data ? <FacetPanel facets={facets.data} text={text} onChange={setText} /> : <SkeletonRows rows={5} />}
      </aside>
      <section className="min-w-0 rounded-2xl border border-line bg-surface shadow-card">
        <div className="flex flex-wrap items-center gap-2 p-3">
          <FilterBox text={text} onChange={setText} facets={facets.data} />
          <Button icon={ListFilter} className="xl:hidden" aria-expanded={more} onClick={() => setMore(!more)}>
            {t('logs.facets')}
          </Button>
          <LazyMenu
            trigger={<Button icon={Download}>{t('logs.export')}</Button>}
            groups={[
              (['csv', 'jsonl'] as const).map((format) => ({
                label: format === 'csv' ? t('logs.exportCSV') : t('logs.exportJSONL'),
                onSelect: () => window.location.assign(exportURL(filter.query, time.range, format)),
              })),
            ]}
          />
        </div>
        {filter.faults.length > 0 && (
          <div className="px-3 pb-3">
            <Notice>{t('logs.noSuch', { value: filter.faults.join(', '), known: outcomes.join(', ') })}</Notice>
          </div>
        )}
        {past.error && (
          <div className="px-3 pb-3">
            <ErrorNote error={past.error} retry={() => void past.refetch()} />
          </div>
        )}
        {past.isPending && !past.error ? (
          <div className="border-line border-t p-3">
            <SkeletonRows rows={8} />
          </div>
        ) : calls.length > 0 ? (
          <div className="relative">
            <CallList
              calls={calls}
              scroller={scroller}
              onTop={setTop}
              onEnd={() => past.hasNextPage && !past.isFetchingNextPage && void past.fetchNextPage()}
            />
            {!top && log.live.length > 0 && (
              <Button
                size="sm"
                look="primary"
                className="absolute top-11 left-1/2 z-10 -translate-x-1/2 shadow-pop"
                onClick={() => scroller.current?.scrollTo({ top: 0 })}
              >
                {t('logs.toNewest')}
              </Button>
            )}
          </div>
        ) : (
          <p className="border-line border-t p-6 text-center text-ink2">{t('logs.none')}</p>
        )}
        <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-line border-t px-4 py-2 text-[0.93rem] text-ink3">
          <span role="status">
            {t(past.hasNextPage ? 'logs.countMore' : 'logs.count', { count: calls.length, n: f.number(calls.length) })}
            {log.lost > 0 && ` · ${t('logs.lost', { count: log.lost })}`}
            {log.searched && ` · ${t('logs.searched', { when: f.time(log.searched) })}`}
          </span>
          {past.isFetchingNextPage && <span>{t('common.loading')}…</span>}
        </div>
      </section>
    </div>
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

/** The request the address names, in a sheet; or two beside each other. */
function Opened() {
  const [id] = useParam('id')
  const [other] = useParam('with')
  if (!id) return null
  return other && other !== id ? <Compare a={other} b={id} /> : <Detail id={id} />
}
