import { describe, expect, it } from 'vitest'
import { arranged, begin, isHidden, letterOf } from './blind'
import { isOpen, noParams, openCalls, toRequest, turnsOf } from './conversation'
import { pack, unpack } from './share'

const call = { id: 'c1', type: 'function' as const, function: { name: 'f', arguments: '{}' } }

describe('what is sent', () => {
  it('is only what was set', () => {
    expect(toRequest('m', noParams, [{ role: 'user', text: 'hi' }])).toEqual({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
  })

  it('is everything that was set', () => {
    const params = {
      system: 'Be brief',
      temperature: '0',
      topP: '0.5',
      maxTokens: '10',
      seed: '7',
      stop: 'END\n',
      tools: '[{"name":"f"}]',
      schema: '{"type":"object"}',
    }
    expect(toRequest('m', params, [])).toEqual({
      model: 'm',
      messages: [{ role: 'system', content: 'Be brief' }],
      temperature: 0,
      top_p: 0.5,
      max_tokens: 10,
      seed: 7,
      stop: ['END'],
      tools: [{ type: 'function', function: { name: 'f' } }],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
    })
  })

  it('leaves out what cannot be read', () => {
    expect(toRequest('m', { ...noParams, tools: '[', schema: '3', temperature: 'warm' }, [])).toEqual({ model: 'm', messages: [] })
  })

  it('takes pictures and results of tools along', () => {
    const { messages } = toRequest('m', noParams, [
      { role: 'user', text: 'what is it', images: ['data:image/png;base64,AA=='] },
      { role: 'assistant', text: '', calls: [call] },
      { role: 'tool', text: '{"ok":true}', callId: 'c1' },
    ])
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is it' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
        ],
      },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: '{"ok":true}', tool_call_id: 'c1' },
    ])
  })
})

it('knows which calls wait for a result', () => {
  const asked = { role: 'assistant' as const, text: '', calls: [call] }
  expect(openCalls([{ role: 'user', text: 'x' }, asked])).toEqual([call])
  expect(openCalls([asked, { role: 'tool', text: '', callId: 'c1' }])).toEqual([])
  expect(openCalls([asked, { role: 'user', text: 'never mind' }])).toEqual([])
  expect(isOpen([asked])).toBe(false)
  expect(isOpen([asked, { role: 'tool', text: '', callId: 'c1' }])).toBe(true)
})

it('reads the messages of an old request', () => {
  const read = turnsOf([
    { role: 'system', content: 'S' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Q' },
        { type: 'image_url', image_url: { url: 'data:x' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [call] },
  ])
  expect(read.system).toBe('S')
  expect(read.turns).toEqual([
    { role: 'user', text: 'Q', images: ['data:x'] },
    { role: 'assistant', text: '', calls: [call] },
  ])
})

it('shares a session by its address', async () => {
  const session = {
    columns: [
      { id: 1, model: 'a/b', turns: [{ role: 'user' as const, text: '你好 🙂' }] },
      { id: 2, model: 'c', params: { ...noParams, seed: '1' }, turns: [] },
    ],
    params: { ...noParams, system: 'S' },
    draft: 'half a',
  }
  const packed = await pack(session)
  expect(packed).toMatch(/^[\w-]+$/)
  expect(await unpack(packed)).toEqual(session)
  expect(await unpack('nonsense')).toBeUndefined()
})

describe('a blind comparison', () => {
  it('mixes the columns and calls them by their place', () => {
    const columns = [{ id: 1 }, { id: 2 }, { id: 4 }]
    const blind = begin(
      columns.map((c) => c.id),
      () => 0,
    )
    expect(blind.order).toEqual([2, 4, 1])
    expect(arranged(columns, blind)).toEqual([{ id: 2 }, { id: 4 }, { id: 1 }])
    expect(columns.map((c) => letterOf(blind, c.id))).toEqual(['C', 'A', 'B'])
    expect(arranged(columns, undefined)).toBe(columns)
  })

  it('comes to every order, and loses no column', () => {
    const orders = new Set(Array.from({ length: 300 }, () => begin([1, 2, 3]).order.join('')))
    expect([...orders].sort()).toEqual(['123', '132', '213', '231', '312', '321'])
  })

  it('hides the names until something was chosen', () => {
    const blind = begin([1, 2])
    expect(isHidden(blind)).toBe(true)
    expect(isHidden({ ...blind, verdict: 'none' })).toBe(false)
    expect(isHidden(undefined)).toBe(false)
  })
})
