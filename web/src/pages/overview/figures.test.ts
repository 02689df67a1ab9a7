import { expect, it } from 'vitest'
import { changeOf } from './figures'

it.each([
  [
    { now: 110, before: 100, change: 'part', wish: 'none' },
    { kind: 'part', by: 0.1, tone: 'even' },
  ],
  [
    { now: 2, before: 1, change: 'part', wish: 'less' },
    { kind: 'part', by: 1, tone: 'bad' },
  ],
  [
    { now: 0.5, before: 1, change: 'part', wish: 'less' },
    { kind: 'part', by: -0.5, tone: 'good' },
  ],
  [
    { now: 0.99, before: 0.98, change: 'points', wish: 'more' },
    { kind: 'points', by: 0.01, tone: 'good' },
  ],
  [
    { now: 0.97, before: 0.98, change: 'points', wish: 'more' },
    { kind: 'points', by: -0.01, tone: 'bad' },
  ],
  [
    { now: 12, before: 2, change: 'count', wish: 'none' },
    { kind: 'count', by: 10, tone: 'even' },
  ],
  [{ now: 1, before: 0, change: 'part', wish: 'more' }, undefined],
  [{ now: null, before: 1, change: 'points', wish: 'more' }, undefined],
  [
    { now: 1, before: 1, change: 'part', wish: 'less' },
    { kind: 'part', by: 0, tone: 'even' },
  ],
] as const)('%j is %j', (figure, want) => {
  const change = changeOf(figure)
  if (!want) expect(change).toBeUndefined()
  else expect(change).toMatchObject({ kind: want.kind, tone: want.tone, by: expect.closeTo(want.by, 6) })
})
