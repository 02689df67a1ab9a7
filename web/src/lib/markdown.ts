/** A piece of a line. */
export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'em' | 'strike'; of: Inline[] }
  | { kind: 'link'; url: string; of: Inline[] }
  | { kind: 'break' }

export type Block =
  | { kind: 'heading'; level: number; of: Inline[] }
  | { kind: 'paragraph'; of: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; of: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' }

const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/
const rule = /^ {0,3}([-*_])( *\1){2,} *$/
const heading = /^ {0,3}(#{1,6})(?: +(.*?))?(?: +#+)? *$/
// Deeper nesting than anybody writes; answers come from a model, and may be anything.
const deepest = 12

/**
 * Reads what models write: headings, lists, code, tables, quotes, links.
 * Nothing in it is HTML: tags come out as the text they are.
 */
export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const out: Block[] = []
  let i = 0
  while (i < lines.length) {
    const line = lines[i] ?? ''
    if (!line.trim()) {
      i++
      continue
    }
    const [block, used] = readBlock(lines, i, depth)
    out.push(block)
    i += Math.max(1, used)
  }
  return out
}

function readBlock(lines: string[], at: number, depth: number): [Block, number] {
  const line = lines[at] ?? ''
  const open = fence.exec(line)
  if (open) return readCode(lines, at, open)
  const title = heading.exec(line)
  if (title) return [{ kind: 'heading', level: title[1]?.length ?? 1, of: parseInline(title[2] ?? '') }, 1]
  if (rule.test(line)) return [{ kind: 'rule' }, 1]
  if (depth < deepest && /^ {0,3}>/.test(line)) return readQuote(lines, at, depth)
  if (depth < deepest && item.test(line)) return readList(lines, at, depth)
  if (line.includes('|') && isDivider(lines[at + 1] ?? '')) return readTable(lines, at)
  return readParagraph(lines, at)
}

/** Code to its closing fence; while an answer is still coming, to its end. */
function readCode(lines: string[], at: number, open: RegExpExecArray): [Block, number] {
  const mark = open[1] ?? '```'
  const closing = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}\\s*$`)
  let end = at + 1
  while (end < lines.length && !closing.test(lines[end] ?? '')) end++
  return [{ kind: 'code', language: open[2] ?? '', text: lines.slice(at + 1, end).join('\n') }, end - at + 1]
}

function readQuote(lines: string[], at: number, depth: number): [Block, number] {
  let end = at
  while (end < lines.length && /^ {0,3}>/.test(lines[end] ?? '')) end++
  const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ''))
  return [{ kind: 'quote', of: parseMarkdown(inner.join('\n'), depth + 1) }, end - at]
}

function readList(lines: string[], at: number, depth: number): [Block, number] {
  const first = item.exec(lines[at] ?? '')
  const ordered = /\d/.test(first?.[2] ?? '')
  const items: string[][] = []
  let indent = 2
  let i = at
  for (; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const start = item.exec(line)
    if (start && /\d/.test(start[2] ?? '') === ordered && !rule.test(line)) {
      indent = start[0].trimEnd().length + 1
      items.push([line.slice(start[0].length)])
    } else if (!line.trim()) {
      // An empty line ends the list unless what follows belongs to it.
      const next = lines[i + 1] ?? ''
      if (!next.trim() || !(item.test(next) || /^ {2,}/.test(next))) break
      items.at(-1)?.push('')
    } else if (/^ {2,}/.test(line)) {
      items.at(-1)?.push(line.slice(Math.min(indent, line.length - line.trimStart().length)))
    } else if (isPlain(lines, i)) {
      items.at(-1)?.push(line)
    } else break
  }
  const start = Number.parseInt(first?.[2] ?? '1', 10)
  return [
    { kind: 'list', ordered, start: start >= 0 ? start : 1, items: items.map((text) => parseMarkdown(text.join('\n'), depth + 1)) },
    i - at,
  ]
}

function cells(line: string): string[] {
  return line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function isDivider(line: string): boolean {
  return line.includes('-') && cells(line).every((cell) => /^:?-+:?$/.test(cell))
}

function readTable(lines: string[], at: number): [Block, number] {
  const head = cells(lines[at] ?? '')
  let end = at + 2
  while (end < lines.length && (lines[end] ?? '').includes('|')) end++
  const rows = lines.slice(at + 2, end).map((line) => {
    const row = cells(line)
    return head.map((_, i) => parseInline(row[i] ?? ''))
  })
  return [{ kind: 'table', head: head.map((cell) => parseInline(cell)), rows }, end - at]
}

/** Whether a line goes on a paragraph rather than beginning something. */
function isPlain(lines: string[], at: number): boolean {
  const line = lines[at] ?? ''
  const begins = fence.test(line) || heading.test(line) || rule.test(line) || /^ {0,3}>/.test(line) || item.test(line)
  return line.trim() !== '' && !begins && !(line.includes('|') && isDivider(lines[at + 1] ?? ''))
}

function readParagraph(lines: string[], at: number): [Block, number] {
  let end = at + 1
  while (end < lines.length && isPlain(lines, end)) end++
  return [{ kind: 'paragraph', of: parseInline(lines.slice(at, end).join('\n')) }, end - at]
}

// In the order they are tried at a place in a line. What is marked has a
// length, so that marks which never end cost little.
const patterns: [RegExp, (m: RegExpExecArray, depth: number) => Inline][] = [
  [/\\([\\`*_{}[\]()#+\-.!|~>])/y, (m) => ({ kind: 'text', text: m[1] ?? '' })],
  [/(`+)(?!`)([\s\S]{0,2000}?[^`])\1(?!`)/y, (m) => ({ kind: 'code', text: (m[2] ?? '').replace(/\n/g, ' ').replace(/^ (.+) $/, '$1') })],
  [/(\*\*|__)(?=\S)([\s\S]{0,2000}?\S)\1/y, (m, depth) => ({ kind: 'strong', of: parseInline(m[2] ?? '', depth + 1) })],
  [/\*(?=[^\s*])([\s\S]{0,2000}?[^\s*])\*(?!\*)/y, (m, depth) => ({ kind: 'em', of: parseInline(m[1] ?? '', depth + 1) })],
  [
    /(?<![\p{L}\p{N}])_(?=[^\s_])([\s\S]{0,2000}?[^\s_])_(?![\p{L}\p{N}])/uy,
    (m, depth) => ({ kind: 'em', of: parseInline(m[1] ?? '', depth + 1) }),
  ],
  [/~~(?=\S)([\s\S]{0,2000}?\S)~~/y, (m, depth) => ({ kind: 'strike', of: parseInline(m[1] ?? '', depth + 1) })],
  [/!?\[([^\]\n]{0,500})\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\)[^\s<>()]*)*)>?(?:\s+"[^"\n]*")?\s*\)/y, link],
  [
    /<?(https?:\/\/[^\s<>()"'\]]+[^\s<>()"'\].,;:!?*_~])>?/y,
    (m) => ({ kind: 'link', url: m[1] ?? '', of: [{ kind: 'text', text: m[1] ?? '' }] }),
  ],
  [/ {2,}\n|\\\n/y, () => ({ kind: 'break' })],
]

/** A link, if it leads where links may lead; a picture becomes one, since nothing is fetched from elsewhere. */
function link(m: RegExpExecArray, depth: number): Inline {
  const label = m[1] || m[2] || ''
  const url = m[2] ?? ''
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return { kind: 'text', text: m[0] }
  return { kind: 'link', url, of: depth < deepest ? parseInline(label, depth + 1) : [{ kind: 'text', text: label }] }
}

export function parseInline(text: string, depth = 0): Inline[] {
  const out: Inline[] = []
  let plain = ''
  const flush = () => {
    if (plain) out.push({ kind: 'text', text: plain })
    plain = ''
  }
  let at = 0
  while (at < text.length) {
    const found = depth < deepest && /[\\`*_~[!<h \n]/.test(text[at] ?? '') ? match(text, at, depth) : undefined
    if (!found) {
      plain += text[at++]
      continue
    }
    const [piece, length] = found
    if (piece.kind === 'text') plain += piece.text
    else {
      flush()
      out.push(piece)
    }
    at += length
  }
  flush()
  return out
}

function match(text: string, at: number, depth: number): [Inline, number] | undefined {
  for (const [pattern, make] of patterns) {
    pattern.lastIndex = at
    const m = pattern.exec(text)
    if (m) return [make(m, depth), m[0].length]
  }
  return undefined
}
