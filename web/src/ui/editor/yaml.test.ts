import { expect, it } from 'vitest'
import { fromYAML, toYAML } from './yaml'

it('writes what there is and nothing else', () => {
  const text = toYAML({
    name: 'chat',
    on: [],
    match: { models: [{ value: 'gpt-4*' }], hosts: [] },
    timeouts: {},
    weight: 0,
    off: false,
    gone: undefined,
  })
  expect(text).toBe('name: chat\nmatch:\n  models:\n    - value: gpt-4*\nweight: 0\noff: false\n')
  expect(fromYAML(text)).toEqual({ value: { name: 'chat', match: { models: [{ value: 'gpt-4*' }] }, weight: 0, off: false } })
})

it('keeps numbers that are texts', () => {
  expect(fromYAML(toYAML({ on: ['429', '5xx', 'yes'] }))).toEqual({ value: { on: ['429', '5xx', 'yes'] } })
})

it('says where it cannot be read', () => {
  expect(fromYAML('a: 1\nb: [')).toMatchObject({ line: expect.any(Number), fault: expect.any(String) })
  expect(fromYAML('- a')).toHaveProperty('fault')
  expect(fromYAML('a: &x [1]\nb: *x')).toHaveProperty('fault')
})
