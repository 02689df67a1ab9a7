import { describe, expect, it } from 'vitest'
import { curlOf, messagesOf } from './content'
import { fieldNames, parseFilter, termFor, toParams, valuesOf, withField, wordAt } from './filter'
import { pieces, rows, ticks } from './timeline'

describe('the filter', () => {
  it.each([
    ['', {}],
    ['route:chat status:rescued model:qwen* >2s', { route: ['chat'], outcome: ['rescued'], model: ['qwen*'], min_ms: 2000 }],
    ['status:rescued,failed,5xx,429,4*', { outcome: ['rescued', 'failed'], status: ['5xx', '429', '4xx'] }],
    ['consumer:"team a",b', { consumer: ['team a', 'b'] }],
    ['route:""', { route: [''] }],
    ['ttft>500ms cost>=0.25 tokens>2k', { min_ttft_ms: 500, min_cost: 0.25, min_tokens: 2000 }],
    ['>1.5s', { min_ms: 1500 }],
    ['stream:no fallback:TRUE', { stream: 'false', fallback: 'true' }],
    ['key:k ip:10.0.0.1', { key: 'k', client_ip: '10.0.0.1' }],
    ['llama3:8b', { q: 'llama3:8b' }],
    ['"slow down" please', { q: 'slow down please' }],
    ['route: ', {}],
    ['class:* op:chat', { class: ['*'], op: ['chat'] }],
  ])('%j', (text, want) => {
    expect(parseFilter(text)).toEqual({ query: want, faults: [] })
  })

  it('says what it cannot take', () => {
    expect(parseFilter('status:brokn,ok -route:x size>3 stream:maybe').faults).toEqual([
      'status:brokn',
      '-route:x',
      'size>3',
      'stream:maybe',
    ])
  })

  it('is changed by what stands beside it', () => {
    expect(withField('route:x status:ok slow', 'status', ['failed', 'left'])).toBe('route:x slow status:failed,left')
    expect(withField('status:ok', 'status', [])).toBe('')
    expect(valuesOf('route:a,"b c" x route:d', 'route')).toEqual(['a', 'b c', 'd'])
    for (const value of ['plain', 'team a', 'a,b', '']) expect(valuesOf(termFor('consumer', value), 'consumer')).toEqual([value])
  })

  it('knows what is being written', () => {
    expect(wordAt('route:ch', 8)).toEqual({ from: 6, to: 8, field: 'route', begun: 'ch' })
    expect(wordAt('status:ok,fa x', 12)).toEqual({ from: 10, to: 12, field: 'status', begun: 'fa' })
    expect(wordAt('mod', 3)).toEqual({ from: 0, to: 3, field: undefined, begun: 'mod' })
    expect(wordAt('a ', 2)).toEqual({ from: 2, to: 2, field: undefined, begun: '' })
  })

  it('becomes parameters', () => {
    expect(toParams({ route: ['a', 'b'], min_ms: 5 }).toString()).toBe('route=a&route=b&min_ms=5')
    expect(fieldNames).toContain('fallback')
  })
})

const clocks = { start_ms: 0, connect_ms: 0, tls_ms: 0, headers_ms: 10, first_ms: 20, duration_ms: 50 }

describe('the timeline', () => {
  it('cuts an attempt into connecting, waiting, first content and stream', () => {
    expect(pieces({ ...clocks, start_ms: 100, connect_ms: 2, tls_ms: 3 })).toEqual([
      { kind: 'connect', from: 100, to: 105 },
      { kind: 'wait', from: 105, to: 110 },
      { kind: 'first', from: 110, to: 120 },
      { kind: 'stream', from: 120, to: 150 },
    ])
    expect(pieces({ ...clocks, headers_ms: 0, first_ms: 0 })).toEqual([{ kind: 'wait', from: 0, to: 50 }])
    expect(pieces({ ...clocks, first_ms: 0 }).map((p) => p.kind)).toEqual(['wait', 'first'])
  })

  it('shows what was passed over where it would have been asked', () => {
    const at = (provider: string) => ({ provider, model: 'm' })
    const call = {
      plan: [at('a'), at('b'), at('c'), at('d')],
      attempts: [at('a'), at('c')],
      skipped: [
        { ...at('b'), why: 'open' },
        { ...at('d'), why: 'late' },
      ],
    }
    const seen = rows(call as never).map((row) => (row.kind === 'skip' ? `-${row.skip.provider}` : `${row.n}${row.attempt.provider}`))
    expect(seen).toEqual(['1a', '-b', '2c', '-d'])
  })

  it('divides the time evenly', () => {
    expect(ticks(2000)).toEqual([0, 500, 1000, 1500, 2000])
    expect(ticks(0)).toEqual([0])
  })
})

describe('what was said', () => {
  it('is read from a captured request and its streamed answer', () => {
    const request = '{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    const answer = 'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"delta":{"content":"lo"}}]}\n\ndata: [DONE]\n\n'
    expect(messagesOf({ request, answer })).toEqual({ model: 'm', messages: [{ role: 'user', content: 'hi' }], answer: 'Hello' })
  })

  it('is read from a whole answer, of other dialects too', () => {
    expect(messagesOf({ request: '{}', answer: '{"choices":[{"message":{"content":"Hi"}}]}' }).answer).toBe('Hi')
    expect(messagesOf({ request: '{}', answer: '{"content":[{"type":"text","text":"Hi"}]}' }).answer).toBe('Hi')
    expect(messagesOf({ request: '{"system":"S","messages":[]}', answer: '' }).messages).toEqual([{ role: 'system', content: 'S' }])
  })

  it('is no obstacle when it was cut', () => {
    expect(messagesOf({ request: '{"model":"m","mess', answer: 'data: {"cho' })).toEqual({ model: '', messages: [], answer: '' })
  })

  it('can be sent again from a shell', () => {
    const text = curlOf('http://gw:8080/v1', { method: 'POST', path: '/v1/chat/completions', asked: 'm' }, '{"a":"it\'s"}')
    expect(text).toContain('http://gw:8080/v1/chat/completions')
    expect(text).toContain(`'{"a":"it'\\''s"}'`)
  })
})
