import { failure } from './client'
import { ApiError } from './problem'

export type Role = 'system' | 'user' | 'assistant' | 'tool'

export type Part = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } }

/** A function the model wants called; its arguments are JSON as the model wrote it. */
export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export interface Message {
  role: Role
  content: string | Part[]
  tool_calls?: ToolCall[]
  tool_call_id?: string
}

export interface ChatRequest {
  model: string
  messages: Message[]
  temperature?: number
  top_p?: number
  max_tokens?: number
  seed?: number
  stop?: string[]
  tools?: unknown[]
  response_format?: unknown
}

/** Where an answer came from, as the proxy's headers tell. */
export interface Origin {
  provider: string
  model: string
  route: string
  attempts: number
  requestId: string
}

export interface ChatUpdate {
  origin?: Origin
  /** More of the answer. */
  text?: string
  /** More of what the model thinks before it answers. */
  thought?: string
  /** A piece of a call of a tool: the first has its id and name, the others more of its arguments. */
  call?: { at: number; id?: string; name?: string; arguments?: string }
  tokens?: { input: number; output: number }
  finish?: string
}

interface Chunk {
  choices?: {
    delta?: {
      content?: string | null
      reasoning_content?: string | null
      reasoning?: string | null
      tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[]
    }
    finish_reason?: string | null
  }[]
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null
  error?: { message?: string; code?: string; type?: string }
}

/** Asks through the proxy and answers piece by piece. */
export async function* chat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatUpdate> {
  let response: Response
  try {
    response = await fetch('/api/playground/chat/completions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify({ ...request, stream: true, stream_options: { include_usage: true } }),
      signal,
    })
  } catch (cause) {
    if (signal.aborted) throw cause
    throw new ApiError(0, undefined, undefined)
  }
  if (!response.ok || !response.body) throw await refusal(response)
  yield { origin: origin(response) }
  let whole = false
  for await (const data of events(response.body)) {
    if (data === '[DONE]') return
    const chunk = JSON.parse(data) as Chunk
    const update = read(chunk, response)
    whole ||= update?.finish !== undefined
    if (update) yield update
    for (const call of chunk.choices?.[0]?.delta?.tool_calls ?? []) {
      yield { call: { at: call.index ?? 0, id: call.id, name: call.function?.name, arguments: call.function?.arguments } }
    }
  }
  if (!whole) throw openAIFailure(response.status, { message: 'The answer broke off before it was whole.', code: 'cut' }, response)
}

function origin(response: Response): Origin {
  const h = response.headers
  return {
    provider: h.get('X-Posthouse-Provider') ?? '',
    model: h.get('X-Posthouse-Model') ?? '',
    route: h.get('X-Posthouse-Route') ?? '',
    attempts: Number(h.get('X-Posthouse-Attempts')) || 1,
    requestId: h.get('X-Request-Id') ?? '',
  }
}

function read(chunk: Chunk, response: Response): ChatUpdate | undefined {
  if (chunk.error) throw openAIFailure(response.status, chunk.error, response)
  const update: ChatUpdate = {}
  const choice = chunk.choices?.[0]
  if (choice?.delta?.content) update.text = choice.delta.content
  const thought = choice?.delta?.reasoning_content ?? choice?.delta?.reasoning
  if (thought) update.thought = thought
  if (choice?.finish_reason) update.finish = choice.finish_reason
  if (chunk.usage) update.tokens = { input: chunk.usage.prompt_tokens ?? 0, output: chunk.usage.completion_tokens ?? 0 }
  return Object.keys(update).length > 0 ? update : undefined
}

/** The proxy answers errors as OpenAI does, the console's own server as problems. */
async function refusal(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined)
  const error = (body as Chunk | undefined)?.error
  return error ? openAIFailure(response.status, error, response) : failure(response, body)
}

function openAIFailure(status: number, error: NonNullable<Chunk['error']>, response: Response): ApiError {
  const problem = { type: 'about:blank', title: '', status, detail: error.message ?? '', code: error.code ?? error.type ?? '' }
  return new ApiError(status, problem, response.headers.get('X-Request-Id') ?? undefined)
}

/** Reads the data of each event of a stream; one that is cut off in the middle counts for nothing. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  let data: string[] = []
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      rest += value
      const lines = rest.split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
        else if (line === '' && data.length > 0) {
          yield data.join('\n')
          data = []
        }
      }
    }
  } finally {
    void reader.cancel().catch(() => {})
  }
}
