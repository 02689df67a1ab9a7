import { describe, expect, it } from 'vitest'
import { difference } from './diff'
import { formatters, span } from './format'
import { moved, percentages, rebalanced } from './list'
import { fits, freeName, isPrivate, leadsHere, vendorOfKey } from './vendors'

describe('rebalanced', () => {
  it.each([
    [[50, 50], 0, 70, [70, 30]],
    [[60, 20, 20], 0, 80, [80, 10, 10]],
    [[1, 98, 1], 1, 99, [1, 98, 1]],
    [[100], 0, 20, [100]],
    [[0, 0, 0], 1, 40, [30, 40, 30]],
  ])('%j with %i at %i %%', (weights, at, percent, want) => {
    expect(rebalanced(weights, at, percent)).toEqual(want)
  })

  it('always adds up to 100', () => {
    for (let n = 2; n < 8; n++) {
      for (let percent = 0; percent <= 100; percent++) {
        const out = rebalanced(
          Array.from({ length: n }, (_, i) => i * 7 + 1),
          n - 1,
          percent,
        )
        expect(out.reduce((a, b) => a + b)).toBe(100)
        expect(Math.min(...out)).toBeGreaterThan(0)
      }
    }
  })
})

it('moves an item', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b'], 5, 0)).toEqual(['a', 'b'])
})

it('makes percentages of weights', () => {
  expect(percentages([3, 1])).toEqual([75, 25])
  expect(percentages([])).toEqual([])
})

describe('difference', () => {
  it('names the fields that differ and leaves bookkeeping out', () => {
    const before = { id: 'a', version: 1, name: 'x', limits: { n: 1 }, tags: ['a'], gone: 'y' }
    const after = { id: 'a', version: 2, name: 'x', limits: { n: 2 }, tags: ['a', 'b'], gone: '' }
    expect(difference(before, after)).toEqual([
      { field: 'gone', before: 'y', after: undefined },
      { field: 'limits.n', before: '1', after: '2' },
      { field: 'tags', before: 'a', after: 'a, b' },
    ])
  })

  it('takes an item that is not there as empty', () => {
    expect(difference(undefined, { name: 'x' })).toEqual([{ field: 'name', before: undefined, after: 'x' }])
  })
})

it('writes lengths of time', () => {
  expect([0, 59, 3_723, 90_061].map(span)).toEqual(['0s', '59s', '1h 2m', '1d 1h'])
  expect(formatters('en').ms(12.4)).toBe('12 ms')
  expect(formatters('en').ms(1250)).toBe('1.3 s')
  expect(formatters('en').ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T02:30:00Z'))).toBe('2 hours ago')
  expect(formatters('zh-CN').ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:30Z'))).toMatch(/^30.*前$/)
})

describe('vendors', () => {
  const vendor = (id: string, prefixes: string[]) => ({ id, key_prefixes: prefixes }) as never

  it('knows a vendor by its keys, if only one fits best', () => {
    const all = [vendor('a', ['sk-']), vendor('b', ['sk-ant-']), vendor('c', ['sk-'])]
    expect(vendorOfKey(all, 'sk-ant-123')?.id).toBe('b')
    expect(vendorOfKey(all, 'sk-123')).toBeUndefined()
    expect(vendorOfKey(all, 'xyz')).toBeUndefined()
  })

  it('matches patterns to the letter', () => {
    expect(fits('gpt-4*', 'gpt-4o')).toBe(true)
    expect(fits('gpt-4.1', 'gpt-4x1')).toBe(false)
    expect(fits('*', '')).toBe(true)
  })

  it('knows a private address', () => {
    const own = [
      'http://localhost:11434/v1',
      'http://127.0.0.1/v1',
      'http://10.1.2.3',
      'http://192.168.1.5:8000',
      'http://172.20.0.1',
      'http://[::1]:80',
      'http://box.local/v1',
    ]
    expect(own.filter((url) => !isPrivate(url))).toEqual([])
    expect(['https://api.openai.com/v1', 'http://172.32.0.1', 'https://10.example.com', ''].filter(isPrivate)).toEqual([])
  })

  it('knows an address that leads back to the gateway', () => {
    const doors = ['http://localhost:8080', '', 'https://localhost:8443']
    const own = ['http://localhost:8080/v1', 'http://127.0.0.1:8080', 'http://[::1]:8443/v1']
    expect(own.filter((url) => !leadsHere(url, doors))).toEqual([])
    expect(
      ['http://localhost:8081/v1', 'http://10.0.0.1:8080', 'https://api.openai.com/v1', '', 'x'].filter((url) => leadsHere(url, doors)),
    ).toEqual([])
  })

  it('finds a free name', () => {
    expect(freeName('deepseek', ['deepseek', 'deepseek-2'])).toBe('deepseek-3')
    expect(freeName('Open AI!', [])).toBe('open-ai')
    expect(freeName('你好', [])).toBe('provider')
  })
})
