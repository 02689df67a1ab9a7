import { describe, expect, it } from 'vitest'
import { kept, rangeParams, readRange, windowOf } from './range'

describe('a stretch of time', () => {
  it.each([
    [{}, { last: '1h' }],
    [{ range: '7d' }, { last: '7d' }],
    [{ range: 'toString' }, { last: '1h' }],
    [{ from: 'yesterday', to: 'now' }, { last: '1h' }],
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z', range: '24h' }, { last: '24h' }],
  ])('%j is read as %j', (params, want) => {
    expect(readRange(params)).toEqual(want)
  })

  it('survives the address', () => {
    const range = readRange({ from: '2026-01-01T00:00:00Z', to: '2026-01-01T02:00:00Z', range: '7d' })
    expect(rangeParams(range)).toEqual({ range: undefined, from: '2026-01-01T00:00:00Z', to: '2026-01-01T02:00:00Z' })
    expect(readRange(rangeParams({ last: '90d' }))).toEqual({ last: '90d' })
    expect(rangeParams({ last: '1h' }).range).toBeUndefined()
  })

  it('ends now, or when it says', () => {
    const now = Date.parse('2026-01-01T12:00:00Z')
    expect(windowOf({ last: '15m' }, now).from.toISOString()).toBe('2026-01-01T11:45:00.000Z')
    const fixed = { from: new Date(0), to: new Date(1000) }
    expect(windowOf(fixed, now)).toEqual(fixed)
  })

  it('goes along to other pages, and nothing else does', () => {
    expect(kept({ range: '7d', q: 'status:failed', id: 'x', paused: '1' })).toEqual({
      range: '7d',
      from: undefined,
      to: undefined,
      paused: '1',
    })
  })
})
