import { describe, expect, it } from 'vitest'
import type { Call } from '@/api/client'
import { outcomeOf } from '@/parts/outcome'
import { askedOutcome, filterCalls, parseFilter, termFor, withField } from './filter'
import { merged } from './latest'
import { pieces, ticks } from './timeline'

const attempt = {
  provider: 'openai',
  model: 'gpt-4o',
  key: 'key-1',
  start_ms: 0,
  headers_ms: 10,
  first_ms: 20,
  duration_ms: 50,
  status: 200,
  class: '',
}
const call = (change: Partial<Call>): Call => ({
  id: 'x',
  at: '2026-01-01T00:00:00Z',
  client_ip: '127.0.0.1',
  consumer: '',
  method: 'POST',
  path: '/v1/chat/completions',
  route: '',
  asked: 'gpt-4o',
  stream: true,
  status: 200,
  class: '',
  provider: 'openai',
  model: 'gpt-4o',
  rescued: false,
  ttft_ms: 20,
  duration_ms: 50,
  bytes_in: 1,
  bytes_out: 1,
  attempts: [attempt],
  skipped: [],
  ...change,
})
const refused = { ...attempt, provider: 'azure', status: 429, class: 'rate_limited', message: 'Slow down, please' }
const calls = [
  call({ id: 'fine' }),
  call({ id: 'saved', route: 'chat', consumer: 'team a', attempts: [refused, attempt], duration_ms: 2600 }),
  call({ id: 'lost', route: 'chat', status: 503, class: 'unavailable', provider: '', model: '', attempts: [refused] }),
  call({ id: 'gone', status: 499, class: 'client_closed', asked: 'llama3:8b' }),
]
const found = (text: string) => filterCalls(calls, parseFilter(text)).map((c) => c.id)

it('tells what came of a call', () => {
  expect(calls.map(outcomeOf)).toEqual(['ok', 'rescued', 'failed', 'left'])
})

describe('the filter', () => {
  it.each([
    ['', ['fine', 'saved', 'lost', 'gone']],
    ['status:failed', ['lost']],
    ['status:rescued,failed', ['saved', 'lost']],
    ['status:5*', ['lost']],
    ['-status:ok', ['saved', 'lost', 'gone']],
    ['route:chat >2s', ['saved']],
    ['<500ms route:CHAT', ['lost']],
    ['provider:azure', ['saved', 'lost']],
    ['provider:az', []],
    ['provider:az*', ['saved', 'lost']],
    ['class:rate_limited', ['saved', 'lost']],
    ['consumer:"team a"', ['saved']],
    ['model:gpt-4?', []],
    ['llama3:8b', ['gone']],
    ['"slow down"', ['saved', 'lost']],
    ['route: ', ['fine', 'saved', 'lost', 'gone']],
    ['-"slow down"', ['fine', 'gone']],
  ])('%j', (text, want) => {
    expect(found(text)).toEqual(want)
  })

  it('says which status there is not', () => {
    expect(parseFilter('status:brokn,ok').faults).toEqual(['brokn'])
  })

  it('is changed by the switches beside it', () => {
    expect(withField('route:x status:ok slow', 'status', 'failed')).toBe('route:x slow status:failed')
    expect(withField('status:ok', 'status', undefined)).toBe('')
    expect(askedOutcome(parseFilter('x status:failed'))).toBe('failed')
    expect(askedOutcome(parseFilter('status:failed,ok'))).toBeUndefined()
    expect(found(termFor('consumer', 'team a'))).toEqual(['saved'])
  })
})

it('joins the newest with what is known', () => {
  const [a, b, c] = calls as [Call, Call, Call]
  expect(merged([b, c], [a, b], 2)?.map((x) => x.id)).toEqual(['fine', 'saved', 'lost'])
  expect(merged([c], [a, b], 2)).toBeUndefined()
  expect(merged([b, c], [a], 2)?.map((x) => x.id)).toEqual(['fine'])
})

describe('the timeline', () => {
  it('cuts an attempt into waiting, first content and stream', () => {
    expect(pieces({ ...attempt, start_ms: 100 })).toEqual([
      { kind: 'wait', from: 100, to: 110 },
      { kind: 'first', from: 110, to: 120 },
      { kind: 'stream', from: 120, to: 150 },
    ])
    expect(pieces({ ...attempt, headers_ms: 0, first_ms: 0 })).toEqual([{ kind: 'wait', from: 0, to: 50 }])
    expect(pieces({ ...attempt, first_ms: 0 }).map((p) => p.kind)).toEqual(['wait', 'first'])
  })

  it('divides the time evenly', () => {
    expect(ticks(2000)).toEqual([0, 500, 1000, 1500, 2000])
    expect(ticks(0)).toEqual([0])
  })
})
