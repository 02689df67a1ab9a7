// Finds in the Go sources what is said to people, so that a test can tell what has no translation.

/** A text between quotes, as it is meant. */
export function literal(quoted: string): string {
  if (quoted.startsWith('`')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted.slice(1, -1)
  }
}

const quote = /^\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)/

/** Where an operand or argument ends: at a comma, a plus or a bracket that does not belong to it. */
function endOf(code: string, from: number, atPlus: boolean): number {
  let depth = 0
  for (let i = from; i < code.length; i++) {
    const c = code[i] ?? ''
    const text = c === '"' || c === '`' ? quote.exec(code.slice(i))?.[1] : undefined
    if (text) i += text.length - 1
    else if ('([{'.includes(c)) depth++
    else if (')]}'.includes(c) && depth-- === 0) return i
    else if (depth === 0 && (c === ',' || c === '\n' || (atPlus && c === '+'))) return i
  }
  return code.length
}

/** An expression's text as a format, with %s for what is put in; undefined without a text of its own. */
export function formatOf(expression: string): string | undefined {
  const call = /^\s*fmt\.(?:Sprintf|Errorf)\(/.exec(expression)
  if (call) {
    const text = quote.exec(expression.slice(call[0].length))?.[1]
    return text && literal(text)
  }
  let out = ''
  let found = false
  for (let at = 0; at < expression.length; ) {
    const text = quote.exec(expression.slice(at))
    if (text) {
      out += literal(text[1] ?? '')
      found = true
      at += text[0].length
    } else {
      const end = endOf(expression, at, true)
      if (end === at) break
      out += '%s'
      at = end
    }
    const plus = /^\s*\+\s*/.exec(expression.slice(at))
    if (!plus) break
    at += plus[0].length
  }
  return found ? out : undefined
}

/** The arguments of a call, from behind its bracket. */
function argumentsAt(code: string, from: number): string[] {
  const out: string[] = []
  for (let at = from; at < code.length; at++) {
    let end = endOf(code, at, false)
    // Arguments may stand on lines of their own.
    while (code[end] === '\n' && code.slice(at, end).trim() === '') end = endOf(code, end + 1, false)
    out.push(code.slice(at, end))
    if (code[end] !== ',') return out
    at = end
  }
  return out
}

/** What a pattern's matches are followed by. */
function after(code: string, pattern: RegExp): { match: string; at: number }[] {
  return [...code.matchAll(pattern)].map((m) => ({ match: m[0], at: m.index + m[0].length }))
}

const isDeclared = (code: string, at: number) => /^func /.test(code.slice(code.lastIndexOf('\n', at) + 1, at))

/** What errors of calls say: the text of each llm.Error, and of what makes one. */
export function callErrors(code: string): string[] {
  const messages = after(code, /\bMessage:[ \t]*|\.Message = /g).map(({ at }) => formatOf(code.slice(at, at + 600)))
  const makers = /\b(?:cannotSay|cannot|badField|bad|denied|invalid|malformed|refuse|Refused|unavailable|unfetched|refused|NotIn)\(/g
  const made = after(code, makers)
    .filter(({ at, match }) => !isDeclared(code, at - match.length))
    .flatMap(({ match, at }) => argumentsAt(code, at).slice(/^(malformed|unavailable|bad)\(/.test(match) ? 0 : 1))
    .map(formatOf)
  return [...messages, ...made].filter((text) => text !== undefined)
}

/** What the API's problems say. */
export function problems(code: string): string[] {
  return [...code.matchAll(/\bproblem\([^"\n]*?"[a-z_]+",\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)/g)].map((m) => literal(m[1] ?? ''))
}

/** Whether there is anything to translate: two words, or one that ends a sentence. */
export const isWords = (format: string) => /[a-z]{2,} [a-z]|[a-z]{2,}\.$/i.test(bare(format))

/** A format by its words alone: which kind of value is put in makes no other message of it. */
export const bare = (format: string) => format.replace(/%(?:\.\d+)?[sdqvwgfT]/g, '%s')
