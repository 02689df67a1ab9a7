import type { Call, Schemas } from '@/api/client'

type Attempt = Schemas['Attempt']
type Skip = Schemas['CallSkip']

/** A part of an attempt, in milliseconds from the call's start. */
export interface Piece {
  kind: 'connect' | 'wait' | 'first' | 'stream'
  from: number
  to: number
}

type Clocks = Pick<Attempt, 'start_ms' | 'duration_ms' | 'headers_ms' | 'first_ms' | 'connect_ms' | 'tls_ms'>

/** An attempt as connecting, waiting for headers, waiting for content, and content. */
export function pieces(a: Clocks): Piece[] {
  const end = a.start_ms + a.duration_ms
  const until = (ms: number) => (ms > 0 ? Math.min(a.start_ms + ms, end) : end)
  const connected = Math.min(a.start_ms + (a.connect_ms ?? 0) + (a.tls_ms ?? 0), end)
  const headers = Math.max(until(a.headers_ms), connected)
  const first = Math.max(until(a.first_ms), headers)
  const all: Piece[] = [
    { kind: 'connect', from: a.start_ms, to: connected },
    { kind: 'wait', from: connected, to: headers },
    { kind: 'first', from: headers, to: first },
    { kind: 'stream', from: first, to: end },
  ]
  return all.filter((piece) => piece.to > piece.from)
}

/** Where the time axis is marked. */
export function ticks(total: number): number[] {
  return total > 0 ? [0, 1, 2, 3, 4].map((n) => (total * n) / 4) : [0]
}

export type Row = { kind: 'attempt'; attempt: Attempt; n: number } | { kind: 'skip'; skip: Skip }

/** The attempts as they were made, and between them what was passed over, where the plan had it. */
export function rows(call: Pick<Call, 'attempts' | 'skipped' | 'plan'>): Row[] {
  const place = (x: { provider: string; model: string }) => {
    const at = call.plan.findIndex((p) => p.provider === x.provider && p.model === x.model)
    return at < 0 ? call.plan.length : at
  }
  const out: Row[] = call.attempts.map((attempt, i) => ({ kind: 'attempt', attempt, n: i + 1 }))
  for (const skip of call.skipped) {
    const after = out.findIndex((row) => place(row.kind === 'attempt' ? row.attempt : row.skip) > place(skip))
    out.splice(after < 0 ? out.length : after, 0, { kind: 'skip', skip })
  }
  return out
}
