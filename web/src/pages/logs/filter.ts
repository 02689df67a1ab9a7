import type { Call } from '@/api/client'
import { type Outcome, outcomeOf, outcomes } from '@/parts/outcome'

const fields = ['route', 'provider', 'model', 'consumer', 'status', 'class'] as const
export type Field = (typeof fields)[number]

export type Term = { not: boolean } & (
  | { kind: 'field'; field: Field; values: string[] }
  | { kind: 'slower' | 'faster'; ms: number }
  | { kind: 'text'; text: string }
)

export interface Filter {
  terms: Term[]
  /** Values of status that no call can have. */
  faults: string[]
}

const units = { ms: 1, s: 1000, m: 60_000 } as const

/**
 * Reads what the filter box holds: field:value with * and commas, >2s or
 * <500ms for the whole time, a minus in front for "not", quotes around spaces;
 * everything else is looked for in all texts. All terms must hold.
 */
export function parseFilter(text: string): Filter {
  const terms: Term[] = []
  const faults: string[] = []
  for (const [word] of text.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) {
    const not = word.length > 1 && word.startsWith('-')
    const term = readTerm(not ? word.slice(1) : word)
    if (!term) continue
    if (term.kind === 'field' && term.field === 'status') faults.push(...term.values.filter((v) => !isStatus(v)))
    terms.push({ ...term, not } as Term)
  }
  return { terms, faults }
}

type Bare = Term extends infer T ? (T extends Term ? Omit<T, 'not'> : never) : never

function readTerm(word: string): Bare | undefined {
  const time = /^([<>])=?(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(word)
  if (time) {
    const ms = Number(time[2]) * units[(time[3] ?? 'ms') as keyof typeof units]
    return { kind: time[1] === '>' ? 'slower' : 'faster', ms }
  }
  const named = /^([a-z]+):(.*)$/is.exec(word)
  const field = fields.find((f) => f === named?.[1]?.toLowerCase())
  if (field) {
    const values = split(named?.[2] ?? '').filter(Boolean)
    return values.length > 0 ? { kind: 'field', field, values } : undefined
  }
  const plain = word.replaceAll('"', '').toLowerCase()
  return plain ? { kind: 'text', text: plain } : undefined
}

/** Values by their commas, but for those in quotes. */
function split(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"?|[^,"])+/g)].map(([v]) => v.replaceAll('"', '').toLowerCase())
}

function isStatus(value: string): boolean {
  return outcomes.includes(value as Outcome) || /^[\d*]{1,3}$/.test(value)
}

function fits(pattern: string, value: string): boolean {
  const text = value.toLowerCase()
  if (!pattern.includes('*')) return text === pattern
  const parts = pattern.split('*').map((p) => p.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(text)
}

/** What a field of a call may be called. */
function values(call: Call, field: Field): string[] {
  switch (field) {
    case 'route':
    case 'consumer':
      return [call[field]]
    case 'provider':
      return [call.provider, ...call.attempts.map((a) => a.provider)]
    case 'model':
      return [call.asked, call.model, ...call.attempts.map((a) => a.model)]
    case 'status':
      return [outcomeOf(call), String(call.status)]
    case 'class':
      return [call.class, ...call.attempts.map((a) => a.class)]
  }
}

function textOf(call: Call): string {
  const tried = call.attempts.flatMap((a) => [a.provider, a.model, a.key, a.class, a.message ?? ''])
  const own = [call.id, call.route, call.asked, call.provider, call.model, call.consumer, call.client_ip, call.path, call.class]
  return [...own, call.message ?? '', ...tried].join('\n').toLowerCase()
}

function holds(term: Term, call: Call): boolean {
  switch (term.kind) {
    case 'slower':
      return call.duration_ms > term.ms
    case 'faster':
      return call.duration_ms < term.ms
    case 'text':
      return textOf(call).includes(term.text)
    case 'field':
      return term.values.some((pattern) => values(call, term.field).some((value) => fits(pattern, value)))
  }
}

/** The calls for which every term holds. */
export function filterCalls(calls: readonly Call[], filter: Filter): Call[] {
  return calls.filter((call) => filter.terms.every((term) => holds(term, call) !== term.not))
}

/** A term that asks for one value, quoted where it must be. */
export function termFor(field: Field, value: string): string {
  return /[\s,"]/.test(value) ? `${field}:"${value.replaceAll('"', '')}"` : `${field}:${value}`
}

/** The filter with one field set to a value, or without the field. */
export function withField(text: string, field: Field, value: string | undefined): string {
  const words = [...text.matchAll(/(?:"[^"]*"?|[^\s"])+/g)].map(([word]) => word)
  const others = words.filter((word) => !word.toLowerCase().startsWith(`${field}:`))
  return [...others, ...(value ? [termFor(field, value)] : [])].join(' ')
}

/** The outcome a filter asks for, if it asks for just one. */
export function askedOutcome(filter: Filter): Outcome | undefined {
  const found = filter.terms.filter((term) => term.kind === 'field' && term.field === 'status' && !term.not)
  const only = found.length === 1 ? found[0] : undefined
  return only?.kind === 'field' && only.values.length === 1 ? outcomes.find((o) => o === only.values[0]) : undefined
}
