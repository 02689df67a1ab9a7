import type { Schemas } from '@/api/client'

type Attempt = Schemas['Attempt']

/** A part of an attempt, in milliseconds from the call's start. */
export interface Piece {
  kind: 'wait' | 'first' | 'stream'
  from: number
  to: number
}

/** An attempt as waiting for headers, waiting for content, and content. */
export function pieces(a: Attempt): Piece[] {
  const end = a.start_ms + a.duration_ms
  const headers = a.headers_ms > 0 ? Math.min(a.start_ms + a.headers_ms, end) : end
  const first = a.first_ms > 0 ? Math.min(a.start_ms + a.first_ms, end) : end
  const all: Piece[] = [
    { kind: 'wait', from: a.start_ms, to: headers },
    { kind: 'first', from: headers, to: Math.max(headers, first) },
    { kind: 'stream', from: Math.max(headers, first), to: end },
  ]
  return all.filter((piece) => piece.to > piece.from)
}

/** Where the time axis is marked. */
export function ticks(total: number): number[] {
  return total > 0 ? [0, 1, 2, 3, 4].map((n) => (total * n) / 4) : [0]
}
