import { outcomes } from '@/parts/outcome'

/** Words that may stand in front of a colon, and the parameter of the API each is. */
export const fields = {
  route: 'route',
  provider: 'provider',
  model: 'model',
  asked: 'asked',
  consumer: 'consumer',
  status: 'status',
  class: 'class',
  op: 'op',
  key: 'key',
  ip: 'client_ip',
  stream: 'stream',
  rescued: 'rescued',
  fallback: 'fallback',
} as const
export type Field = keyof typeof fields
export const fieldNames = Object.keys(fields) as Field[]

/** Figures that may have a least value. */
const figures = { duration: 'min_ms', ttft: 'min_ttft_ms', cost: 'min_cost', tokens: 'min_tokens' } as const
type Figure = keyof typeof figures

/** What the API is asked for. */
export interface Query {
  route?: string[]
  provider?: string[]
  model?: string[]
  asked?: string[]
  consumer?: string[]
  outcome?: Outcome[]
  status?: string[]
  class?: string[]
  op?: string[]
  key?: string
  client_ip?: string
  stream?: 'true' | 'false'
  rescued?: 'true' | 'false'
  fallback?: 'true' | 'false'
  min_ms?: number
  min_ttft_ms?: number
  min_cost?: number
  min_tokens?: number
  q?: string
}

type Outcome = (typeof outcomes)[number]

export interface Filter {
  query: Query
  /** Words that mean nothing, as they were written. */
  faults: string[]
}

const units = { ms: 1, s: 1000, m: 60_000, k: 1000 } as const
const words = /(?:"[^"]*"?|[^\s"])+/g

/**
 * Reads what the filter box holds: field:value with commas for alternatives
 * and * for any rest; >2s for the whole time, ttft>500ms, cost>0.1, tokens>2k;
 * quotes around spaces. Everything else is looked for in messages and ids.
 */
export function parseFilter(text: string): Filter {
  const out: Filter = { query: {}, faults: [] }
  const rest: string[] = []
  for (const [word] of text.matchAll(words)) {
    if (!readWord(word, out)) rest.push(word.replaceAll('"', ''))
  }
  const q = rest.filter(Boolean).join(' ')
  if (q) out.query.q = q
  return out
}

/** Takes one word in; false if it is plain text. */
function readWord(word: string, { query, faults }: Filter): boolean {
  const least = /^([a-z]*)>=?(\d+(?:\.\d+)?)(ms|s|m|k)?$/i.exec(word)
  if (least) {
    const name = (least[1] || 'duration').toLowerCase()
    if (!(name in figures)) faults.push(word)
    else query[figures[name as Figure]] = Number(least[2]) * units[(least[3] ?? 'ms').toLowerCase() as keyof typeof units]
    return true
  }
  const named = /^([a-z_]+):(.*)$/is.exec(word)
  const field = fieldNames.find((f) => f === named?.[1]?.toLowerCase())
  if (!field) {
    // Something else before a colon may be a model's name, such as llama3:8b.
    if (!word.startsWith('-') || word.length < 2) return false
    faults.push(word)
    return true
  }
  const values = split(named?.[2] ?? '')
  if (values.length > 0) setField(field, values, { query, faults })
  return true
}

/** Values by their commas, but for those in quotes. "" is a value: none. */
function split(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"?|[^,"])+/g)].map(([v]) => v.replaceAll('"', ''))
}

function setField(field: Field, values: string[], { query, faults }: Filter): void {
  switch (field) {
    case 'status':
      for (const value of values) {
        const outcome = outcomes.find((o) => o === value.toLowerCase())
        const code = /^[1-5](\d\d|xx|\*)$/i.exec(value)
        if (outcome) query.outcome = [...(query.outcome ?? []), outcome]
        else if (code) query.status = [...(query.status ?? []), value.replace('*', 'xx').toLowerCase()]
        else faults.push(`status:${value}`)
      }
      return
    case 'stream':
    case 'rescued':
    case 'fallback': {
      const value = { true: 'true', yes: 'true', false: 'false', no: 'false' }[values[0]?.toLowerCase() ?? ''] as
        | 'true'
        | 'false'
        | undefined
      if (value) query[field] = value
      else faults.push(`${field}:${values.join(',')}`)
      return
    }
    case 'key':
      query.key = values[0]
      return
    case 'ip':
      query.client_ip = values[0]
      return
    default:
      query[field] = [...(query[field] ?? []), ...values]
  }
}

/** A term that asks for one value, quoted where it must be. */
export function termFor(field: Field, value: string): string {
  return /[\s,"]/.test(value) || value === '' ? `${field}:"${value.replaceAll('"', '')}"` : `${field}:${value}`
}

/** The filter with one field set to values, or without the field. */
export function withField(text: string, field: Field, values: readonly string[]): string {
  const others = [...text.matchAll(words)].map(([word]) => word).filter((word) => !word.toLowerCase().startsWith(`${field}:`))
  const terms = values.map((v) => termFor(field, v).slice(field.length + 1))
  return [...others, ...(terms.length > 0 ? [`${field}:${terms.join(',')}`] : [])].join(' ')
}

/** The values a filter has for a field, as they are written. */
export function valuesOf(text: string, field: Field): string[] {
  return [...text.matchAll(words)]
    .map(([word]) => word)
    .filter((word) => word.toLowerCase().startsWith(`${field}:`))
    .flatMap((word) => split(word.slice(field.length + 1)))
}

/** What the cursor stands in: the word's beginning, and the field and value begun. */
export function wordAt(text: string, cursor: number): { from: number; to: number; field: Field | undefined; begun: string } {
  let from = 0
  let to = 0
  for (const found of text.matchAll(words)) {
    const end = found.index + found[0].length
    if (found.index <= cursor && cursor <= end) {
      from = found.index
      to = end
    }
  }
  if (to === 0) from = to = cursor
  const word = text.slice(from, cursor)
  const field = fieldNames.find((f) => word.toLowerCase().startsWith(`${f}:`))
  const value = field ? word.slice(field.length + 1) : word
  const last = value.lastIndexOf(',')
  return { from: cursor - (value.length - last - 1), to, field, begun: value.slice(last + 1).replaceAll('"', '') }
}

/** As parameters of an address, for what is not fetched by the client. */
export function toParams(query: Query): URLSearchParams {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) params.append(name, String(one))
  }
  return params
}
