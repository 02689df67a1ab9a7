import { describe, expect, it } from 'vitest'
import { covers, shadowOf } from './shadow'

const model = (value: string, kind?: 'exact' | 'prefix' | 'glob' | 'regex') => ({ value, ...(kind && { kind }) })

describe('one route covers another', () => {
  it.each([
    ['everything covers everything', {}, {}, true],
    ['everything covers a model', {}, { models: [model('gpt-4o')] }, true],
    ['a model does not cover everything', { models: [model('gpt-4o')] }, {}, false],
    ['a prefix covers a name', { models: [model('gpt-', 'prefix')] }, { models: [model('gpt-4o'), model('gpt-5', 'prefix')] }, true],
    ['not all names', { models: [model('gpt-', 'prefix')] }, { models: [model('gpt-4o'), model('qwen')] }, false],
    ['a glob covers a name', { models: [model('*-mini', 'glob')] }, { models: [model('gpt-4o-mini')] }, true],
    [
      'a glob that is a beginning',
      { models: [model('demo-*', 'glob')] },
      { models: [model('demo-chat', 'glob'), model('demo-x*', 'glob')] },
      true,
    ],
    ['a glob with ? is not decided', { models: [model('gpt-?', 'glob')] }, { models: [model('gpt-4')] }, false],
    ['a star covers a regex', { models: [model('*', 'glob')] }, { models: [model('^x', 'regex')] }, true],
    ['a prefix covers a glob that begins so', { models: [model('gpt-', 'prefix')] }, { models: [model('gpt-4*o', 'glob')] }, true],
    ['the same regex', { models: [model('^x', 'regex')] }, { models: [model('^x', 'regex')] }, true],
    ['a regex is not decided', { models: [model('.*', 'regex')] }, { models: [model('x')] }, false],
    ['a host is narrower', { hosts: ['a.example'] }, {}, false],
    ['any host is wider', {}, { hosts: ['a.example'] }, true],
    ['a wild host covers one below', { hosts: ['*.example'] }, { hosts: ['A.Example'] }, true],
    ['another path is another route', { path_prefix: '/a' }, { path_prefix: '/a/b' }, false],
    ['a path is not part of none', {}, { path_prefix: '/a' }, false],
    ['the same path', { path_prefix: '/a/' }, { path_prefix: '/a', models: [model('m')] }, true],
    ['a header narrows', { headers: [{ name: 'X-Team' }] }, {}, false],
    ['any value covers one', { headers: [{ name: 'X-Team' }] }, { headers: [{ name: 'x-team', value: 'a' }] }, true],
    ['another value does not', { headers: [{ name: 'x-team', value: 'b' }] }, { headers: [{ name: 'x-team', value: 'a' }] }, false],
    ['parameters are told apart by case', { query: [{ name: 'A' }] }, { query: [{ name: 'a' }] }, false],
  ] as const)('%s', (_, a, b, want) => {
    expect(covers(a as never, b as never)).toBe(want)
  })
})

it('only what comes before and is in service stands in the way', () => {
  const route = (id: string, position: number, enabled = true) => ({ id, name: id, position, enabled, match: {} })
  const all = [route('off', 0, false), route('first', 1), route('second', 2), route('third', 3, false)]
  expect(all.map((r) => shadowOf(r, all)?.id)).toEqual([undefined, undefined, 'first', undefined])
})
