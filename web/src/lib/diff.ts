/** One field in which two items differ; undefined is not there. */
export interface Difference {
  field: string
  before: string | undefined
  after: string | undefined
}

// What changes with every save and says nothing about the item itself.
const bookkeeping = new Set(['version', 'created_at', 'updated_at', 'position', 'id'])

/** Lists the fields in which two items differ, in the order of their names. */
export function difference(before: unknown, after: unknown): Difference[] {
  const b = flat(before)
  const a = flat(after)
  return [...new Set([...b.keys(), ...a.keys()])]
    .filter((field) => b.get(field) !== a.get(field))
    .sort()
    .map((field) => ({ field, before: b.get(field), after: a.get(field) }))
}

function flat(item: unknown): Map<string, string> {
  const out = new Map<string, string>()
  if (isTable(item)) walk(item, '', out)
  return out
}

function walk(table: Record<string, unknown>, path: string, out: Map<string, string>): void {
  for (const [name, value] of Object.entries(table)) {
    const here = path ? `${path}.${name}` : name
    if (!path && bookkeeping.has(name)) continue
    if (isTable(value)) walk(value, here, out)
    else if (!isEmpty(value)) out.set(here, text(value))
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value.join(', ')
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ')
}
