import type { ChatRequest, Message, Role, ToolCall } from '@/api/chat'
import type { Answer } from '@/parts/useChat'

/** One message as it is shown and edited. */
export interface Turn {
  role: Role
  text: string
  /** Pictures as data: addresses. */
  images?: string[]
  calls?: ToolCall[]
  /** The call this is the result of. */
  callId?: string
  /** How it was answered, where it was. */
  answer?: Answer
}

/** What is sent along with the messages, as the form holds it: empty is not sent. */
export interface Params {
  system: string
  temperature: string
  topP: string
  maxTokens: string
  seed: string
  stop: string
  /** A JSON array of tools. */
  tools: string
  /** A JSON schema of the answer. */
  schema: string
}

export const noParams: Params = { system: '', temperature: '', topP: '', maxTokens: '', seed: '', stop: '', tools: '', schema: '' }

/** One model that is asked. */
export interface Column {
  id: number
  model: string
  /** Its own; without, those that all columns share. */
  params?: Params
  turns: Turn[]
}

export const mostColumns = 4

/** Reads a JSON field; undefined while it is empty, an error while it cannot be read. */
export function readJSON(text: string): unknown | Error {
  if (!text.trim()) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Tools as the API wants them; a bare list of functions will do. */
function toolsOf(text: string): unknown[] | undefined {
  const read = readJSON(text)
  if (!Array.isArray(read) || read.length === 0) return undefined
  return read.map((tool: unknown) => (isTable(tool) && !('type' in tool) ? { type: 'function', function: tool } : tool))
}

function formatOf(text: string): unknown {
  const schema = readJSON(text)
  if (!isTable(schema) || schema instanceof Error) return undefined
  if ('type' in schema && schema.type === 'json_schema') return schema
  return { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function message(turn: Turn): Message {
  const content =
    turn.images && turn.images.length > 0
      ? [
          ...(turn.text ? [{ type: 'text' as const, text: turn.text }] : []),
          ...turn.images.map((url) => ({ type: 'image_url' as const, image_url: { url } })),
        ]
      : turn.text
  return {
    role: turn.role,
    content,
    ...(turn.calls && turn.calls.length > 0 && { tool_calls: turn.calls }),
    ...(turn.callId && { tool_call_id: turn.callId }),
  }
}

/** What is sent: only what was set. */
export function toRequest(model: string, params: Params, turns: readonly Turn[]): ChatRequest {
  const number = (name: string, text: string) => (Number.isFinite(Number.parseFloat(text)) ? { [name]: Number.parseFloat(text) } : {})
  const limit = Number.parseInt(params.maxTokens, 10)
  const stop = params.stop.split('\n').filter(Boolean)
  const tools = toolsOf(params.tools)
  const format = formatOf(params.schema)
  return {
    model,
    messages: [...(params.system.trim() ? [{ role: 'system' as const, content: params.system }] : []), ...turns.map(message)],
    ...number('temperature', params.temperature),
    ...number('top_p', params.topP),
    ...(limit > 0 && { max_tokens: limit }),
    ...number('seed', params.seed),
    ...(stop.length > 0 && { stop }),
    ...(tools && { tools }),
    ...(format !== undefined && { response_format: format }),
  }
}

/** Whether something can be answered: the last word is the user's, or a tool's. */
export function isOpen(turns: readonly Turn[]): boolean {
  const last = turns.at(-1)
  return last?.role === 'user' || last?.role === 'tool'
}

/** The calls of the last answer that have no result yet. */
export function openCalls(turns: readonly Turn[]): ToolCall[] {
  const at = turns.findLastIndex((turn) => turn.calls && turn.calls.length > 0)
  const done = new Set(turns.slice(at + 1).map((turn) => turn.callId))
  if (at < 0 || turns.slice(at + 1).some((turn) => turn.role !== 'tool')) return []
  return (turns[at]?.calls ?? []).filter((call) => !done.has(call.id))
}

/** Turns made of the messages of a request that was sent before. */
export function turnsOf(messages: readonly unknown[]): { system: string; turns: Turn[] } {
  const turns = messages.filter(isTable).map((m): Turn => {
    const parts = Array.isArray(m.content) ? m.content.filter(isTable) : []
    const text = typeof m.content === 'string' ? m.content : parts.map((p) => (typeof p.text === 'string' ? p.text : '')).join('')
    const images = parts.flatMap((p) => (isTable(p.image_url) && typeof p.image_url.url === 'string' ? [p.image_url.url] : []))
    const role =
      (['system', 'user', 'assistant', 'tool'] as const).find((r) => r === m.role) ?? (m.role === 'developer' ? 'system' : 'user')
    return {
      role,
      text,
      ...(images.length > 0 && { images }),
      ...(Array.isArray(m.tool_calls) && { calls: m.tool_calls as ToolCall[] }),
      ...(typeof m.tool_call_id === 'string' && { callId: m.tool_call_id }),
    }
  })
  const first = turns[0]
  return first?.role === 'system' ? { system: first.text, turns: turns.slice(1) } : { system: '', turns }
}
