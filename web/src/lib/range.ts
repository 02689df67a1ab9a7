import { useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { type Params, useSetParams } from './params'

/** The lengths of time one looks back by, in seconds. */
export const ranges = { '15m': 900, '1h': 3_600, '6h': 21_600, '24h': 86_400, '7d': 604_800, '30d': 2_592_000, '90d': 7_776_000 } as const
export type RangeName = keyof typeof ranges
export const rangeNames = Object.keys(ranges) as RangeName[]
export const defaultRange: RangeName = '1h'

/** A stretch of time: the last so-and-so long, or from one moment to another. */
export type Range = { last: RangeName } | { from: Date; to: Date }

/** What the address says about time; what makes no sense counts for nothing. */
export function readRange({ range, from, to }: Params, fallback: RangeName = defaultRange): Range {
  const begin = Date.parse(from ?? '')
  const end = Date.parse(to ?? '')
  if (begin < end) return { from: new Date(begin), to: new Date(end) }
  return { last: range && Object.hasOwn(ranges, range) ? (range as RangeName) : fallback }
}

/** A moment as addresses hold it: to the second, in UTC. */
export function moment(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

/** The parameters that name a stretch of time. */
export function rangeParams(range: Range): Params {
  if ('last' in range) return { range: range.last === defaultRange ? undefined : range.last, from: undefined, to: undefined }
  return { range: undefined, from: moment(range.from), to: moment(range.to) }
}

/** The stretch as two moments. */
export function windowOf(range: Range, now = Date.now()): { from: Date; to: Date } {
  if ('last' in range) return { from: new Date(now - ranges[range.last] * 1000), to: new Date(now) }
  return range
}

/** What goes along from page to page: the stretch of time, and whether it stands still. */
export function kept({ range, from, to, paused }: Params): Params {
  return { range, from, to, paused }
}

/** The stretch of time in the address, and how to change it. */
export function useRange() {
  const search = useSearch({ strict: false }) as Params
  const setParams = useSetParams()
  const { range: name, from, to, paused } = search
  return useMemo(() => {
    const range = readRange({ range: name, from, to })
    return {
      range,
      /** Names it for the cache; one that moves on keeps its name. */
      id: 'last' in range ? range.last : `${moment(range.from)}/${moment(range.to)}`,
      /** New data is wanted as it comes. A stretch that ends in the past has none. */
      live: !paused && ('last' in range || range.to.getTime() > Date.now()),
      paused: Boolean(paused),
      set: (next: Range) => setParams(rangeParams(next)),
      setPaused: (stop: boolean) => setParams({ paused: stop ? '1' : undefined }),
    }
  }, [name, from, to, paused, setParams])
}
