import { afterEach, expect, it, vi } from 'vitest'
import { withCall } from '@/parts/useChat'
import { type ChatUpdate, chat, events } from './chat'

/** A stream that arrives in the pieces given. */
function stream(...pieces: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece)
      controller.close()
    },
  })
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = []
  for await (const item of source) out.push(item)
  return out
}

afterEach(() => vi.unstubAllGlobals())

it('reads events however they are cut', async () => {
  const text = new TextEncoder().encode('data: 你好\r\n\r\n: note\n\ndata:b\ndata: c\n\ndata: last')
  for (let cut = 1; cut < text.length; cut++) {
    expect(await all(events(stream(text.slice(0, cut), text.slice(cut))))).toEqual(['你好', 'b\nc'])
  }
})

it('answers piece by piece', async () => {
  const body = stream(
    'data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}\n\n',
    'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n',
    'data: [DONE]\n\n',
  )
  vi.stubGlobal('fetch', async () => new Response(body, { headers: { 'X-Posthouse-Provider': 'demo', 'X-Posthouse-Attempts': '2' } }))
  const [first, ...rest] = await all<ChatUpdate>(chat({ model: 'm', messages: [] }, new AbortController().signal))
  expect(first?.origin).toMatchObject({ provider: 'demo', attempts: 2 })
  expect(rest).toEqual([{ thought: 'hm' }, { text: 'Hi' }, { tokens: { input: 3, output: 4 } }])
})

it('says what the proxy says when it refuses', async () => {
  vi.stubGlobal(
    'fetch',
    async () =>
      new Response('{"error":{"message":"no such model","code":"model_not_found"}}', { status: 404, headers: { 'X-Request-Id': 'req_1' } }),
  )
  await expect(all(chat({ model: 'm', messages: [] }, new AbortController().signal))).rejects.toMatchObject({
    status: 404,
    message: 'no such model',
    code: 'model_not_found',
    requestId: 'req_1',
  })
})

it('says that an answer broke off', async () => {
  vi.stubGlobal('fetch', async () => new Response(stream('data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n')))
  await expect(all(chat({ model: 'm', messages: [] }, new AbortController().signal))).rejects.toMatchObject({ code: 'cut' })
})

it('says what goes wrong within a stream', async () => {
  vi.stubGlobal(
    'fetch',
    async () => new Response(stream('data: {"choices":[{"delta":{"content":"Hi"}}]}\n\ndata: {"error":{"message":"cut off"}}\n\n')),
  )
  await expect(all(chat({ model: 'm', messages: [] }, new AbortController().signal))).rejects.toThrow('cut off')
})

it('passes on what the model wants called, piece by piece', async () => {
  const piece = (call: object) => `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] })}\n\n`
  const body = stream(
    piece({ index: 0, id: 'c1', function: { name: 'weather', arguments: '{"city":' } }),
    piece({ index: 0, function: { arguments: '"Oslo"}' } }),
    'data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n',
  )
  vi.stubGlobal('fetch', async () => new Response(body))
  const updates = await all<ChatUpdate>(chat({ model: 'm', messages: [] }, new AbortController().signal))
  const calls = updates.flatMap((u) => u.call ?? []).reduce(withCall, [])
  expect(calls).toEqual([{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }])
})
