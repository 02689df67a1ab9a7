import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Overview } from '@/api/client'
import { useFormat } from '@/lib/format'
import { TimeChart } from '@/ui/chart/TimeChart'
import type { Band, Mark, Series } from '@/ui/chart/types'
import { outcomes as outcomesQuery, quantiles as quantilesQuery, tokens as tokensQuery } from './promql'
import type { Links } from './useMonitor'

interface Props {
  data: Overview
  links: Links
  bands: readonly Band[]
  marks: readonly Mark[]
}

const outcomes = ['ok', 'rescued', 'failed', 'refused', 'left'] as const
const colours = { ok: 'served', rescued: 'rescued', failed: 'failed', refused: 's4', left: 'gone' } as const

/** What the charts share. */
function useShared({ data, links, bands, marks }: Props) {
  return {
    times: data.chart.times,
    step: data.span.step_s,
    common: { onZoom: links.zoom, onPick: links.pick, linkTo: (from: number, to: number) => links.within(from, to), bands, marks },
  }
}

/** How requests ended: the chart that leads. */
export function OutcomeChart(props: Props & { className?: string }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { data, links } = props
  const { times, step, common } = useShared(props)
  const series = useMemo(
    () =>
      outcomes
        // What never happens needs no entry, but for what one looks for.
        .filter((key) => ['ok', 'rescued', 'failed'].includes(key) || data.now[key] > 0)
        .map(
          (key): Series => ({
            key,
            label: t(`logs.outcome.${key}`),
            colour: colours[key],
            values: data.chart[key],
            summary: f.number(data.now[key]),
          }),
        ),
    [data, t, f],
  )
  return (
    <TimeChart
      {...common}
      className={props.className}
      title={t('overview.outcomes')}
      data={{ times, step, series }}
      format={f.compact}
      stacked
      height={230}
      seriesLink={(key) => links.logs(`status:${key}`)}
      promql={outcomesQuery}
    />
  )
}

function quantiles(chart: Overview['chart'], kind: 'ttft' | 'duration', summaries: (string | undefined)[]): Series[] {
  return [
    { key: 'p50', label: 'p50', colour: 's3', values: chart[`${kind}_p50`], summary: summaries[0] },
    { key: 'p95', label: 'p95', colour: 's1', values: chart[`${kind}_p95`], summary: summaries[1] },
    { key: 'p99', label: 'p99', colour: 's4', dashed: true, values: chart[`${kind}_p99`], summary: summaries[2] },
  ]
}

/** Time to the first token, or to the last byte, as percentiles. */
export function QuantileChart(props: Props & { kind: 'ttft' | 'duration' }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { data, kind, links } = props
  const { times, step, common } = useShared(props)
  const q = kind === 'ttft' ? data.now.ttft_ms : data.now.duration_ms
  const series = useMemo(() => {
    const ms = (n: number | null) => (n === null ? '–' : f.ms(n))
    return quantiles(data.chart, kind, [ms(q.p50), ms(q.p95), ms(q.p99)])
  }, [data, kind, q, f])
  const than = (n: number | null) => (n && n >= 1 ? links.logs(`${kind === 'ttft' ? 'ttft' : ''}>${Math.floor(n)}ms`) : undefined)
  return (
    <TimeChart
      {...common}
      title={t(kind === 'ttft' ? 'overview.ttft' : 'overview.duration')}
      data={{ times, step, series }}
      format={f.ms}
      seriesLink={(key) => than(key === 'p50' ? q.p50 : key === 'p95' ? q.p95 : q.p99)}
      promql={quantilesQuery(kind)}
    />
  )
}

/** Tokens that went in and came out. */
export function TokenChart(props: Props & { className?: string }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { data, links } = props
  const { times, step, common } = useShared(props)
  const series = useMemo(
    (): Series[] => [
      {
        key: 'in',
        label: t('overview.tokensIn'),
        colour: 's1',
        values: data.chart.tokens_in_per_s,
        summary: f.compact(data.now.tokens_in_per_s),
      },
      {
        key: 'out',
        label: t('overview.tokensOut'),
        colour: 's2',
        values: data.chart.tokens_out_per_s,
        summary: f.compact(data.now.tokens_out_per_s),
      },
    ],
    [data, t, f],
  )
  return (
    <TimeChart
      {...common}
      className={props.className}
      title={t('overview.tokens')}
      data={{ times, step, series }}
      format={f.compact}
      // As tall as what stands beside it.
      height={270}
      seriesLink={() => links.logs('tokens>0')}
      promql={tokensQuery}
    />
  )
}
