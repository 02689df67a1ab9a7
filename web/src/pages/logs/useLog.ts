import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { api, type Call, unwrap } from '@/api/client'
import { useEvents } from '@/api/events'
import { moment, type Range, useRange } from '@/lib/range'
import { type Query, toParams } from './filter'

const page = 100
/** The most that came live that is kept; older ones are read again when they are scrolled to. */
const mostLive = 2000

/** The range as the API wants it. */
export function rangeQuery(range: Range): { range?: '15m' | '1h' | '6h' | '24h' | '7d' | '30d' | '90d'; from?: string; to?: string } {
  return 'last' in range ? { range: range.last } : { from: moment(range.from), to: moment(range.to) }
}

/** The requests that fit, newest first, page by page, with those that end meanwhile on top. */
export function useLog(query: Query) {
  const time = useRange()
  const id = JSON.stringify(query)
  const past = useInfiniteQuery({
    queryKey: ['requests', 'list', time.id, id],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/requests', {
          params: { query: { ...query, ...rangeQuery(time.range), limit: page, ...(pageParam && { before: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
  const [live, setLive] = useState<Call[]>([])
  const [lost, setLost] = useState(0)
  const buffer = useRef<Call[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question begins anew
  useEffect(() => {
    buffer.current = []
    setLive([])
    setLost(0)
  }, [time.id, id])
  // Drawn a few times a second, however many there are.
  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = buffer.current.splice(0)
      if (fresh.length > 0) setLive((old) => [...fresh.reverse(), ...old].slice(0, mostLive))
    }, 300)
    return () => clearInterval(timer)
  }, [])
  const params = toParams(query).toString()
  useEvents(time.live ? `/api/requests/live${params && `?${params}`}` : undefined, {
    request: (call: Call) => buffer.current.push(call),
    lost: ({ requests }: { requests: number }) => setLost((n) => n + requests),
  })
  const calls = useMemo(() => {
    const seen = new Set<string>()
    return [...live, ...(past.data?.pages.flatMap((p) => p.requests) ?? [])].filter((call) => !seen.has(call.id) && seen.add(call.id))
  }, [live, past.data])
  return { past, calls, live, lost, searched: past.data?.pages.at(-1)?.searched }
}

/** How many requests of the time there are of each kind. */
export function useFacets(query: Query) {
  const time = useRange()
  return useQuery({
    queryKey: ['requests', 'facets', time.id, JSON.stringify(query)],
    queryFn: async ({ signal }) =>
      (
        await unwrap(
          api.GET('/api/requests', { params: { query: { ...query, ...rangeQuery(time.range), limit: 1, facets: true } }, signal }),
        )
      ).facets,
    placeholderData: (old) => old,
    refetchInterval: time.live ? 10_000 : false,
  })
}

/** Where the same requests can be had as a file. */
export function exportURL(query: Query, range: Range, format: 'csv' | 'jsonl'): string {
  const params = toParams(query)
  for (const [name, value] of Object.entries(rangeQuery(range))) params.set(name, value)
  params.set('format', format)
  return `/api/requests/export?${params}`
}
