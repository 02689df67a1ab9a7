import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { useFormat } from '@/lib/format'
import { useParam } from '@/lib/params'
import { useRange } from '@/lib/range'
import { termFor } from '@/pages/logs/filter'
import { Card } from '@/ui/Card'
import { TimeChart } from '@/ui/chart/TimeChart'
import type { Band, Colour, Mark } from '@/ui/chart/types'
import { ErrorNote, Skeleton } from '@/ui/Feedback'
import { type Dimension, dimensions, type Metric, metrics } from './explored'
import { explore } from './promql'
import { type Links, spanQuery } from './useMonitor'

const colours: Colour[] = ['s1', 's2', 's3', 's4', 's5', 's6', 'served', 'gone']

/** Any figure over time by anything it can be told apart by. */
export function Explore({ links, bands, marks }: { links: Links; bands: readonly Band[]; marks: readonly Mark[] }) {
  const { t } = useTranslation()
  const time = useRange()
  const [askedMetric, setMetric] = useParam('metric')
  const [askedBy, setBy] = useParam('by')
  const metric: Metric = metrics.find((m) => m === askedMetric) ?? 'tokens_out_per_s'
  const by: Dimension = dimensions.find((d) => d === askedBy) ?? 'model'
  const query = useQuery({
    queryKey: ['monitor', 'series', time.id, metric, by],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/monitor/series', { params: { query: { ...spanQuery(time.range), metric: [metric], by, limit: 7 } }, signal })),
    placeholderData: (old) => old,
  })
  const format = useMetric(metric)
  const data = useMemo(() => {
    const found = query.data
    if (!found) return undefined
    return {
      times: found.times,
      step: found.span.step_s,
      series: found.lines.map((line, i) => ({
        key: line.other ? '\u0000other' : line.name,
        label: line.other ? t('overview.others') : line.name || t('logs.none_'),
        colour: line.other ? ('gone' as const) : (colours[i % colours.length] ?? 's1'),
        values: line.values,
        dashed: i >= 6,
        summary: line.now === null ? '–' : format(line.now),
      })),
    }
  }, [query.data, format, t])
  const field = by === 'outcome' ? 'status' : by
  const select = 'h-8 max-w-full rounded-lg border border-line bg-surface px-2 text-[0.93rem] text-ink2'
  const choose = (
    <span className="flex flex-wrap gap-2">
      <select aria-label={t('overview.metric')} value={metric} onChange={(e) => setMetric(e.target.value)} className={select}>
        {metrics.map((m) => (
          <option key={m} value={m}>
            {t(`overview.metrics.${m}`)}
          </option>
        ))}
      </select>
      <select aria-label={t('overview.by')} value={by} onChange={(e) => setBy(e.target.value)} className={select}>
        {dimensions.map((d) => (
          <option key={d} value={d}>
            {t(`overview.dimension.${d}`)}
          </option>
        ))}
      </select>
    </span>
  )
  const title = t('overview.explore', { metric: t(`overview.metrics.${metric}`), by: t(`overview.dimension.${by}`) })
  if (!data) {
    return (
      <Card title={title} actions={choose}>
        {query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : <Skeleton className="h-48 w-full" />}
      </Card>
    )
  }
  return (
    <TimeChart
      title={title}
      note={choose}
      data={data}
      format={format}
      bands={bands}
      marks={marks}
      onZoom={links.zoom}
      onPick={links.pick}
      linkTo={(from, to) => links.within(from, to)}
      promql={explore(metric, by)}
      seriesLink={(key) => (key === '\u0000other' ? undefined : links.logs(termFor(field, key)))}
    />
  )
}

function useMetric(metric: Metric): (n: number) => string {
  const f = useFormat()
  return useMemo(() => {
    if (/^(ttft|duration)/.test(metric)) return f.ms
    if (metric === 'success_rate') return f.percent
    return metric === 'requests_per_s' || metric === 'cost'
      ? (n: number) => (n < 10 ? String(Number(n.toPrecision(3))) : f.compact(n))
      : f.compact
  }, [metric, f])
}
