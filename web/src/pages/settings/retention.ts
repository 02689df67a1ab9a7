import type { Schemas } from '@/api/client'

export type Limit = 'request_days' | 'request_bytes' | 'content_bytes' | 'sum_days'

/** The bounds as they are typed: days, or GiB; empty is the default. */
export type Draft = Record<Limit, string>

/** How a bound that was lifted stands in a draft. */
export const unlimited = '-1'

type Body = Partial<Record<Limit, number>>

const gib = 2 ** 30
const sizes: readonly Limit[] = ['request_bytes', 'content_bytes']
/** The least a bound on a size may be, in GiB: 16 MiB (server/recordsettings.go). */
export const leastGiB = 16 / 1024

/** Whether a size is too small or too large to be one, and so is not sent. */
export function isOutside(draft: Draft, name: Limit): boolean {
  const n = Number(draft[name].trim())
  if (!sizes.includes(name) || draft[name] === unlimited || n === 0) return false
  return !(n >= leastGiB && n <= 2 ** 20)
}

const names: readonly Limit[] = ['request_days', 'request_bytes', 'content_bytes', 'sum_days']

export function toDraft(settings: Omit<Schemas['RecordSettings'], 'version'>): Draft {
  const text = (name: Limit): string => {
    const n = settings[name] ?? 0
    if (n === 0) return ''
    return n < 0 ? unlimited : String(sizes.includes(name) ? Number((n / gib).toPrecision(6)) : n)
  }
  return Object.fromEntries(names.map((name) => [name, text(name)])) as Draft
}

/** What is sent: only what was set. */
export function bodyOf(draft: Draft): Body {
  const number = (name: Limit): number | undefined => {
    const text = draft[name].trim()
    if (text === '' || text === unlimited) return text === '' ? undefined : -1
    return Math.round(Number(text) * (sizes.includes(name) ? gib : 1)) || undefined
  }
  return Object.fromEntries(names.map((name) => [name, number(name)]).filter(([, n]) => n !== undefined)) as Body
}
