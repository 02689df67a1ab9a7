import type { Call } from '@/api/client'

/** How many the server keeps. */
export const kept = 1000

/**
 * Puts the newest calls in front of those known. Undefined if they do not
 * meet: then calls between them were missed, or the server began anew.
 */
export function merged(known: readonly Call[], fresh: readonly Call[], asked: number): Call[] | undefined {
  if (fresh.length < asked) return [...fresh]
  const ids = new Set(known.map((call) => call.id))
  if (!fresh.some((call) => ids.has(call.id))) return undefined
  const own = new Set(fresh.map((call) => call.id))
  return [...fresh, ...known.filter((call) => !own.has(call.id))].slice(0, kept)
}
