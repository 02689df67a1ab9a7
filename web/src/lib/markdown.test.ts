import { describe, expect, it } from 'vitest'
import { type Block, type Inline, parseInline, parseMarkdown } from './markdown'

const kinds = (text: string) => parseMarkdown(text).map((b) => b.kind)
const plain = (of: Inline[]): string => of.map((p) => ('of' in p ? plain(p.of) : 'text' in p ? p.text : '\n')).join('')

describe('blocks', () => {
  it('are told apart', () => {
    const text =
      '# Title\n\nSome text\nthat goes on\n\n- a\n- b\n\n1. x\n2. y\n\n> quoted\n\n---\n\n```go\nx := 1\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |'
    expect(kinds(text)).toEqual(['heading', 'paragraph', 'list', 'list', 'quote', 'rule', 'code', 'table'])
  })

  it('code is kept to the letter, and runs to the end while it is still coming', () => {
    expect(parseMarkdown('```py\n# no heading\n  **x**\n```\nafter')[0]).toEqual({
      kind: 'code',
      language: 'py',
      text: '# no heading\n  **x**',
    })
    expect(parseMarkdown('```\nhalf')[0]).toEqual({ kind: 'code', language: '', text: 'half' })
    expect(kinds('````\n```\n````')).toEqual(['code'])
  })

  it('lists nest and keep their number', () => {
    const [list] = parseMarkdown('3. three\n   - inner\n4. four') as [Extract<Block, { kind: 'list' }>]
    expect(list.start).toBe(3)
    expect(list.items.map((i) => i.map((b) => b.kind))).toEqual([['paragraph', 'list'], ['paragraph']])
  })

  it('tables have as many cells as their head', () => {
    const [table] = parseMarkdown('a|b\n-|-\n1\n2|3|4') as [Extract<Block, { kind: 'table' }>]
    expect(table.rows).toHaveLength(0)
    const [fuller] = parseMarkdown('|a|b|\n|-|-|\n|1|\n|2|3|4|\n|x \\| y|z|') as [Extract<Block, { kind: 'table' }>]
    expect(fuller.rows.map((r) => r.map(plain))).toEqual([
      ['1', ''],
      ['2', '3'],
      ['x | y', 'z'],
    ])
  })
})

describe('inline', () => {
  it.each([
    ['**bold** and *soft*', ['strong', 'text', 'em']],
    ['`a*b*`', ['code']],
    ['snake_case_name', ['text']],
    ['_soft_', ['em']],
    ['2 * 3 * 4', ['text']],
    ['~~gone~~', ['strike']],
    ['see https://a.example/x.', ['text', 'link', 'text']],
    ['[x](https://a.example/(y))', ['link']],
    ['**half', ['text']],
  ])('%s', (text, want) => {
    expect(parseInline(text).map((p) => p.kind)).toEqual(want)
  })

  it.each(['[x](javascript:alert(1))', '[x](data:text/html,hi)', '[x](//evil.example)', '![x](vbscript:y)', '[x](JaVaScRiPt:alert)'])(
    '%s leads nowhere',
    (text) => {
      expect(JSON.stringify(parseInline(text))).not.toContain('"link"')
    },
  )

  it('takes tags for text', () => {
    expect(plain(parseInline('<img src=x onerror=alert(1)>'))).toBe('<img src=x onerror=alert(1)>')
  })

  it('makes a link of a picture, which would be fetched from elsewhere', () => {
    expect(parseInline('![logo](https://a.example/l.png)')).toEqual([
      { kind: 'link', url: 'https://a.example/l.png', of: [{ kind: 'text', text: 'logo' }] },
    ])
  })
})

it('ends in time on what was made to be slow', () => {
  const began = performance.now()
  for (const text of [
    '*'.repeat(10_000),
    '['.repeat(10_000),
    '> '.repeat(2_000),
    '- '.repeat(2_000),
    '`'.repeat(10_000),
    '_a'.repeat(10_000),
  ])
    parseMarkdown(text)
  expect(performance.now() - began).toBeLessThan(3_000)
})
