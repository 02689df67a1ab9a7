import { describe, expect, it } from 'vitest'
import type { Route } from '@/api/client'
import { matchText, readMatch, toDraft, toSpec } from './draft'

describe('conditions on the model', () => {
  it.each([
    ['gpt-4o', { kind: 'exact', value: 'gpt-4o' }],
    ['gpt-4*', { kind: 'prefix', value: 'gpt-4' }],
    ['*-mini', { kind: 'glob', value: '*-mini' }],
    ['/^gpt-[45]/', { kind: 'regex', value: '^gpt-[45]' }],
  ] as const)('%s', (text, match) => {
    expect(readMatch(text)).toEqual(match)
    expect(matchText(match)).toBe(text)
  })
})

it('gives back the route it was made from', () => {
  const route: Route = {
    id: 'r',
    name: 'chat',
    position: 0,
    enabled: true,
    match: { models: [{ kind: 'exact', value: 'auto' }], hosts: ['a.example'], headers: [{ name: 'x-team' }] },
    targets: [
      { provider: 'a', weight: 7 },
      { provider: 'b', model: 'm', weight: 3, rewrite: [{ from: '*', to: 'n' }] },
    ],
    fallback: [{ targets: [{ provider: 'c', weight: 1 }], on: ['429'] }],
    on: ['5xx'],
    timeouts: { total: '1m' },
    balance: 'fastest',
    affinity: '',
    failover: { rules: { rate_limited: 'next_key' }, rescue: false, hedge: '2s' },
    strict: true,
    capture: { on: true, permille: 100, redact: ['mail'], patterns: ['PROJ-\\d+', ''] },
    version: 3,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  }
  const spec = JSON.parse(JSON.stringify(toSpec(toDraft(route)))) as object
  expect(spec).toEqual({
    name: 'chat',
    enabled: true,
    match: { models: [{ kind: 'exact', value: 'auto' }], hosts: ['a.example'], headers: [{ name: 'x-team' }], query: [] },
    targets: route.targets,
    fallback: route.fallback,
    on: ['5xx'],
    timeouts: { total: '1m' },
    balance: 'fastest',
    failover: { rules: { rate_limited: 'next_key' }, rescue: false, hedge: '2s' },
    strict: true,
    capture: { on: true, permille: 100, redact: ['mail'], patterns: ['PROJ-\\d+'] },
  })
})
