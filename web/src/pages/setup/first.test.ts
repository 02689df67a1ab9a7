import { expect, it } from 'vitest'
import { firstModel } from './first'

const vendor = {
  models: [
    { match: 'fast', kind: 'chat' },
    { match: 'deep', kind: 'chat' },
    { match: 'vec*', kind: 'embedding' },
  ],
} as never
const choices = ['fast', 'deep'].map((model) => ({ value: `p/${model}`, from: 'p', kind: 'provider' as const }))

it.each([
  ['nothing was listed', undefined, 'p/fast'],
  ['the list is empty', [], 'p/fast'],
  ['both are listed', ['deep', 'fast'], 'p/fast'],
  ['one is listed', ['vec-1', 'deep'], 'p/deep'],
  ['only others are listed', ['vec-1', 'text-embedding', 'new-one'], 'p/new-one'],
  ['nothing to talk to is listed', ['vec-1'], 'p/fast'],
])('says hello to a model that is there: %s', (_, models, want) => {
  expect(firstModel(choices, models && { provider: 'p', models }, vendor)).toBe(want)
})

it('has nobody to talk to without a provider', () => {
  expect(firstModel([], undefined, undefined)).toBe('')
})
