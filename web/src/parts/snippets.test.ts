import { expect, it } from 'vitest'
import { shellQuote, snippet, snippetNames } from './snippets'

const input = { base: 'http://localhost:8080/v1', model: 'a/b', key: 'ph-1', prompt: "What's up?" }

it('quotes for the shell', () => {
  expect(shellQuote("it's")).toBe(`'it'\\''s'`)
})

it('puts address, model and key into each language', () => {
  for (const name of snippetNames) {
    const text = snippet(name, input)
    // Claude Code adds the version itself.
    const base = name === 'claude' ? 'http://localhost:8080' : input.base
    for (const part of [base, input.model, input.key]) expect(text).toContain(part)
  }
})

it('sends JSON that can be read', () => {
  const body = /-d '([\s\S]*)'$/.exec(snippet('curl', { ...input, prompt: 'a "b"' }))?.[1] ?? ''
  expect(JSON.parse(body)).toEqual({ model: 'a/b', stream: true, messages: [{ role: 'user', content: 'a "b"' }] })
})

it('leaves the key out where none is needed', () => {
  expect(snippet('curl', { ...input, key: '', keyless: true })).not.toContain('Authorization')
  expect(snippet('python', { ...input, key: '' })).toContain('$POSTHOUSE_KEY')
})
