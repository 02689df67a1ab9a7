import { describe, expect, it } from 'vitest'
import { sparkPath } from './Sparkline'
import { alone, chartCSV, csv, csvField, stack } from './table'

describe('layers', () => {
  it('lie on top of each other', () => {
    expect(
      stack([
        [1, 2, null],
        [3, null, null],
        [0, 1, 2],
      ]),
    ).toEqual([
      [1, 2, null],
      [4, 2, null],
      [4, 3, 2],
    ])
  })
})

it('finds values without neighbours', () => {
  expect(alone([1, null, 2, 3, null, 4])).toEqual([0, 5])
  expect(alone([null, undefined])).toEqual([])
})

describe('CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=1+1', "'=1+1"],
    ['-5', '-5'],
    ['@cmd', "'@cmd"],
  ])('%s', (text, want) => {
    expect(csvField(text)).toBe(want)
  })

  it('holds a chart, and nothing where nothing is known', () => {
    const data = { times: [0, 60], step: 60, series: [{ key: 'a', label: 'p50, ms', colour: 's1' as const, values: [1.5, null] }] }
    expect(chartCSV(data)).toBe('time,"p50, ms"\r\n1970-01-01T00:00:00.000Z,1.5\r\n1970-01-01T00:01:00.000Z,')
    expect(csv([[0, null, 'x']])).toBe('0,,x')
  })
})

describe('a sparkline', () => {
  it('breaks where nothing is known', () => {
    expect(sparkPath([1, 2, null, 1]).line.match(/M/g)).toHaveLength(2)
    expect(sparkPath([null]).line).toBe('')
    expect(sparkPath([0, 0]).line).not.toContain('NaN')
  })
})
