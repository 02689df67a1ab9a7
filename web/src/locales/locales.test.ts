import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from './en.json'
import zh from './zh-CN.json'

const plural = /_(zero|one|two|few|many|other)$/

/** Every text by its key; the forms of a plural under one key. */
function flat(words: object, path = ''): Map<string, string[]> {
  const out = new Map<string, string[]>()
  for (const [name, value] of Object.entries(words)) {
    if (typeof value === 'object') {
      for (const [key, texts] of flat(value as object, `${path}${name}.`)) out.set(key, texts)
      continue
    }
    const key = path + name.replace(plural, '')
    out.set(key, [...(out.get(key) ?? []), value as string])
  }
  return out
}

const placeholders = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map((m) => m[0]).sort()

/** The console's sources. */
function sources(folder = join(process.cwd(), 'src')): [string, string][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.tsx?$/.test(entry.name) && !/\.(test|d)\.ts/.test(entry.name) ? [[path, readFileSync(path, 'utf8')]] : []
  })
}

describe('the languages', () => {
  const english = flat(en)
  const chinese = flat(zh)

  it('have the same keys', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  })

  it('have the same placeholders in every text, and no text is empty', () => {
    for (const [key, texts] of english) {
      const want = placeholders(texts[0] ?? '')
      for (const text of [...texts, ...(chinese.get(key) ?? [])]) {
        expect(placeholders(text), key).toEqual(want)
        expect(text.trim(), key).not.toBe('')
      }
    }
  })

  it('have no text that nothing uses', () => {
    const code = sources()
      .map(([, text]) => text)
      .join('\n')
    // Keys with a part that is computed count as used up to that part.
    const computed = [...code.matchAll(/`([\w.]+)\$\{[^}]+\}([\w.]*)`/g)].map(
      (m) => new RegExp(`^${m[1]?.replaceAll('.', '\\.')}\\w+${m[2] ?? ''}$`),
    )
    const unused = [...english.keys()].filter((key) => !code.includes(`'${key}'`) && !computed.some((pattern) => pattern.test(key)))
    expect(unused).toEqual([])
  })

  it('hold all that is Chinese', () => {
    // The name of the language itself is written in it everywhere.
    const stray = sources().filter(([path, text]) => !path.endsWith('i18n.ts') && /[\u4e00-\u9fff]/.test(text))
    expect(stray.map(([path]) => path)).toEqual([])
  })
})
