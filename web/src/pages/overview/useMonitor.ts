import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { api, type Live, unwrap } from '@/api/client'
import { useEvents } from '@/api/events'
import { moment, type Range, rangeParams, ranges, useRange } from '@/lib/range'

/** Where days begin for whoever looks. */
const tz = Intl.DateTimeFormat().resolvedOptions().timeZone

/** The stretch of time as the API wants it. */
export function spanQuery(range: Range) {
  return 'last' in range ? { range: range.last, tz } : { from: moment(range.from), to: moment(range.to), tz }
}

/** How soon something new is worth reading the sums again, in ms: longer stretches change less. */
function patience(range: Range): number {
  const seconds = 'last' in range ? ranges[range.last] : (range.to.getTime() - range.from.getTime()) / 1000
  return seconds <= ranges['1h'] ? 3_000 : seconds <= ranges['24h'] ? 10_000 : 60_000
}

/** The sums of the time in the address, and what goes on right now. */
export function useMonitor() {
  const time = useRange()
  const client = useQueryClient()
  const overview = useQuery({
    queryKey: ['monitor', 'overview', time.id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/monitor/overview', { params: { query: spanQuery(time.range) }, signal })),
    placeholderData: (old) => old,
    // The window moves on even when nothing happens.
    refetchInterval: time.live ? Math.max(30_000, patience(time.range)) : false,
  })
  const [live, setLive] = useState<Live>()
  const seen = useRef({ total: -1, at: 0 })
  useEvents(time.live ? '/api/monitor/live' : undefined, {
    now: (now: Live) => {
      setLive(now)
      const due = Date.now() - seen.current.at >= patience(time.range)
      if (now.total === seen.current.total || !due) return
      // The first says where things stand; only what comes after is new.
      const first = seen.current.total < 0
      seen.current = { total: now.total, at: Date.now() }
      if (!first) void client.invalidateQueries({ queryKey: ['monitor'] })
    },
  })
  useEffect(() => {
    if (!time.live) setLive(undefined)
  }, [time.live])
  return { time, overview, live }
}

/** Ways from a figure to the requests behind it. */
export function useLinks() {
  const navigate = useNavigate()
  const time = useRange()
  return useMemo(() => {
    const kept = rangeParams(time.range)
    const logs = (q: string, span: object = kept) => ({ to: '/logs', search: { ...span, q: q || undefined } as never })
    const between = (from: number, to: number) => rangeParams({ from: new Date(from * 1000), to: new Date(to * 1000) })
    return {
      logs,
      within: (from: number, to: number, q = '') => logs(q, between(from, to)),
      zoom: (from: number, to: number) => time.set({ from: new Date(from * 1000), to: new Date(Math.max(to, from + 60) * 1000) }),
      pick: (from: number, to: number) => void navigate(logs('', between(from, to)) as never),
    }
  }, [time, navigate])
}

export type Links = ReturnType<typeof useLinks>
