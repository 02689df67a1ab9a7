import { parseDocument, stringify } from 'yaml'

/** A value as YAML, without what is empty. */
export function toYAML(value: unknown): string {
  return stringify(full(value), { lineWidth: 0, defaultStringType: 'PLAIN' })
}

/** Without fields that say nothing: undefined, empty lists and tables. */
function full(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(full)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, v]) => [name, full(v)] as const)
      .filter(([, v]) => v !== undefined && !(typeof v === 'object' && v !== null && Object.keys(v).length === 0)),
  )
}

/** Reads YAML that is to be one table; says where it cannot be read. */
export function fromYAML(text: string): { value: Record<string, unknown> } | { fault: string; line: number } {
  const doc = parseDocument(text, { prettyErrors: true, maxAliasCount: 0 } as never)
  const error = doc.errors[0]
  if (error) return { fault: error.message.split('\n')[0] ?? error.message, line: error.linePos?.[0].line ?? 1 }
  let value: unknown
  try {
    value = doc.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    return { fault: cause instanceof Error ? cause.message : String(cause), line: 1 }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'not a table of fields', line: 1 }
  return { value: value as Record<string, unknown> }
}
