import type { Overview, Totals } from '@/api/client'
import type { Colour } from '@/ui/chart/types'

type Chart = Overview['chart']

/** Whether more of a figure is good, bad, or neither. */
export type Wish = 'more' | 'less' | 'none'

/** A figure and how it stands to the time before. */
export interface Kpi {
  key: 'requests' | 'success' | 'rescued' | 'ttft' | 'duration' | 'tokens' | 'cost' | 'cache'
  now: number | null
  before: number | null
  /** How the change is told: by how much, by which part, or in points of a percentage. */
  change: 'count' | 'part' | 'points'
  wish: Wish
  spark: readonly (number | null)[]
  floor?: number
  colour: Colour
  /** The filter for what is behind it. */
  filter: string
}

/** The part of the prompt that the vendors had in their cache. */
export function cacheShare({ tokens }: Totals): number | null {
  const prompt = tokens.input + tokens.cache_read + tokens.cache_write
  return prompt > 0 ? tokens.cache_read / prompt : null
}

/** The figures of the first row. */
export function kpis({ now, before, chart }: Pick<Overview, 'now' | 'before' | 'chart'>): Kpi[] {
  const all = chart.times.map((_, i) => sum(chart, i))
  const tokens = chart.times.map((_, i) => (chart.tokens_in_per_s[i] ?? 0) + (chart.tokens_out_per_s[i] ?? 0))
  const cached = chart.prompt.map((prompt, i) => (prompt > 0 ? (chart.cache_read[i] ?? 0) / prompt : null))
  return [
    { key: 'requests', now: now.requests, before: before.requests, change: 'part', wish: 'none', spark: all, colour: 's1', filter: '' },
    {
      key: 'success',
      now: now.success_rate,
      before: before.success_rate,
      change: 'points',
      wish: 'more',
      spark: chart.success_rate,
      floor: Math.min(0.9, ...chart.success_rate.filter((v): v is number => v !== null)),
      colour: 's3',
      filter: 'status:failed',
    },
    {
      key: 'rescued',
      now: now.rescued,
      before: before.rescued,
      change: 'count',
      wish: 'none',
      spark: chart.rescued,
      colour: 'rescued',
      filter: 'status:rescued',
    },
    {
      key: 'ttft',
      now: now.ttft_ms.p95,
      before: before.ttft_ms.p95,
      change: 'part',
      wish: 'less',
      spark: chart.ttft_p95,
      colour: 's4',
      filter: slower('ttft', now.ttft_ms.p95),
    },
    {
      key: 'duration',
      now: now.duration_ms.p95,
      before: before.duration_ms.p95,
      change: 'part',
      wish: 'less',
      spark: chart.duration_p95,
      colour: 's4',
      filter: slower('', now.duration_ms.p95),
    },
    {
      key: 'tokens',
      now: now.tokens_in_per_s + now.tokens_out_per_s,
      before: before.tokens_in_per_s + before.tokens_out_per_s,
      change: 'part',
      wish: 'none',
      spark: tokens,
      colour: 's1',
      filter: '',
    },
    {
      key: 'cost',
      now: now.cost.currency ? now.cost.amount : null,
      before: before.cost.currency ? before.cost.amount : null,
      change: 'part',
      wish: 'less',
      spark: chart.cost,
      colour: 's2',
      filter: '',
    },
    {
      key: 'cache',
      now: cacheShare(now),
      before: cacheShare(before),
      change: 'points',
      wish: 'more',
      spark: cached,
      colour: 's3',
      filter: '',
    },
  ]
}

/** The filter for what took longer than the slowest twentieth. */
function slower(figure: string, ms: number | null): string {
  return ms && ms >= 1 ? `${figure}>${Math.floor(ms)}ms` : ''
}

export function sum(chart: Chart, i: number): number {
  return [chart.ok, chart.rescued, chart.failed, chart.refused, chart.left].reduce((n, list) => n + (list[i] ?? 0), 0)
}

/** A change as it is told, and whether it is for the better. */
export interface Change {
  kind: Kpi['change']
  /** A part of one for part and points. */
  by: number
  tone: 'good' | 'bad' | 'even'
}

/** How a figure has changed; undefined where there is nothing to compare with. */
export function changeOf({ now, before, change, wish }: Pick<Kpi, 'now' | 'before' | 'change' | 'wish'>): Change | undefined {
  if (now === null || before === null) return undefined
  if (change === 'part' && before === 0) return undefined
  const by = change === 'part' ? now / before - 1 : now - before
  const shown = change === 'count' ? Math.round(by) : Math.round(by * 1000)
  if (shown === 0) return { kind: change, by: 0, tone: 'even' }
  const tone = wish === 'none' ? 'even' : by > 0 === (wish === 'more') ? 'good' : 'bad'
  return { kind: change, by, tone }
}
