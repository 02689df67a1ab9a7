import { shellQuote } from '@/parts/snippets'

interface Said {
  model: string
  messages: unknown[]
  answer: string
}

function table(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** What was asked and answered, as far as it can be read: captured bodies may be cut. */
export function messagesOf({ request, answer }: { request: string; answer: string }): Said {
  const body = table(read(request))
  const listed = Array.isArray(body.messages) ? body.messages : Array.isArray(body.input) ? body.input : []
  const asked = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : listed
  const system = body.system ?? body.instructions
  return {
    model: typeof body.model === 'string' ? body.model : '',
    messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...asked],
    answer: answerOf(answer),
  }
}

/** The answer's text, from a whole body or from the events of a stream. */
function answerOf(text: string): string {
  const whole = read(text)
  if (whole !== undefined) return pieceOf(table(whole))
  return text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => pieceOf(table(read(line.slice(5)))))
    .join('')
}

function pieceOf(body: Record<string, unknown>): string {
  const choice = table((Array.isArray(body.choices) ? body.choices : [])[0])
  const said = table(choice.delta ?? choice.message).content
  if (typeof said === 'string') return said
  const delta = body.delta
  if (typeof delta === 'string') return body.type === 'response.output_text.delta' ? delta : ''
  if (typeof table(delta).text === 'string') return String(table(delta).text)
  const parts = Array.isArray(body.content)
    ? body.content
    : (Array.isArray(body.output) ? body.output : []).flatMap((o) => table(o).content ?? [])
  return parts
    .map((part) => table(part).text)
    .filter((part): part is string => typeof part === 'string')
    .join('')
}

/** A command that sends a request again; without its body, one that asks for the same. */
export function curlOf(base: string, call: { method: string; path: string; asked: string }, body: string | undefined): string {
  const origin = base.replace(/\/v1$/, '')
  const sent = body ?? JSON.stringify({ model: call.asked, messages: [{ role: 'user', content: '…' }] })
  return [
    `curl -N -X ${call.method} ${shellQuote(origin + call.path).replace(/^'([\w:/.@-]+)'$/, '$1')} \\`,
    '  -H "Authorization: Bearer $POSTHOUSE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d ${shellQuote(sent)}`,
  ].join('\n')
}
