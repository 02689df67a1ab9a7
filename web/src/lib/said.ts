import i18next from 'i18next'

/**
 * What the server says, in the language shown. The server speaks English; for
 * another language, locales/said.*.json has its format strings, as they stand
 * in the Go sources, with what they say in that language: {1} is the first
 * value. What is not found there, such as a vendor's own words, stays as it is.
 */
export function said(text: string): string {
  if (!i18next.isInitialized) return text
  const table = i18next.getResourceBundle(i18next.language, 'said') as Record<string, string> | undefined
  return table ? sayer(table)(text) : text
}

const sayers = new WeakMap<object, (text: string) => string>()

function sayer(table: Record<string, string>): (text: string) => string {
  let found = sayers.get(table)
  if (!found) {
    found = makeSayer(table)
    sayers.set(table, found)
  }
  return found
}

interface Template {
  pattern: RegExp
  /** The longest of its fixed parts: a text without it can't be one of these. */
  fixed: string
  /** How much of it is fixed. */
  weight: number
  /** Which values may be messages themselves. */
  nested: boolean[]
  words: string
}

const verb = /%(?:\.\d+)?[sdqvwgfT%]/g

/** Reads one of Go's format strings. */
function template(format: string, words: string): Template {
  const parts: string[] = ['']
  const nested: boolean[] = []
  let pattern = '^'
  let last = 0
  const take = (text: string) => {
    parts.push((parts.pop() ?? '') + text)
    pattern += text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  }
  for (const found of format.matchAll(verb)) {
    take(format.slice(last, found.index))
    last = found.index + found[0].length
    const kind = found[0].at(-1)
    if (kind === '%') {
      take('%')
      continue
    }
    parts.push('')
    nested.push(kind === 's' || kind === 'v' || kind === 'w')
    pattern += kind === 'd' ? '(-?[\\d,]+|#)' : kind === 'q' ? '("(?:[^"\\\\]|\\\\.)*"|#)' : '(.+?)'
  }
  take(format.slice(last))
  const fixed = parts.reduce((a, b) => (b.length > a.length ? b : a))
  return { pattern: new RegExp(`${pattern}$`, 's'), fixed, weight: parts.join('').length, nested, words }
}

/** Longer texts are documents, not messages. */
const longest = 2000

/** A place in what was sent, and what is wrong there; some dialects put no colon between. */
const placed = /^(?:body\.)?([\w.[\]-]+(?: \(line \d+\))?):? (.+)$/s

/** Makes what says messages in the words of a table. */
export function makeSayer(table: Record<string, string>): (text: string) => string {
  const templates = Object.entries(table)
    .map(([format, words]) => template(format, words))
    .sort((a, b) => b.weight - a.weight)
  const known = new Map<string, string>()
  const say = (text: string, depth: number): string => {
    if (text.length > longest || depth > 4) return text
    const before = known.get(text)
    if (before !== undefined) return before
    for (const { pattern, fixed, nested, words } of templates) {
      const found = text.includes(fixed) && pattern.exec(text)
      if (!found) continue
      const values = found.slice(1).map((value, i) => (nested[i] ? say(value, depth + 1) : value))
      return words.replace(/\{(\d)\}/g, (all, n: string) => values[Number(n) - 1] ?? all)
    }
    const [, place, fault] = placed.exec(text) ?? []
    const told = fault && say(fault, depth + 1)
    return told && told !== fault ? `${place}：${told}` : text
  }
  return (text) => {
    const out = say(text, 0)
    if (known.size > 500) known.clear()
    known.set(text, out)
    return out
  }
}
