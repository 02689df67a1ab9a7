import { type Column, noParams, type Params, type Turn } from './conversation'

/** What a shared address holds. Keys are short, since addresses are. */
interface Shared {
  c: { m: string; p?: Partial<Params> | undefined; t: Pick<Turn, 'role' | 'text' | 'calls' | 'callId'>[] }[]
  p: Partial<Params>
  d: string
}

export interface Session {
  columns: Column[]
  params: Params
  draft: string
}

const filled = (params: Params) => Object.fromEntries(Object.entries(params).filter(([, value]) => value !== '')) as Partial<Params>

async function through(bytes: Uint8Array<ArrayBuffer>, by: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(by)
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Puts a session into the part of an address that no server sees. Pictures are left out: they are too long for one. */
export async function pack({ columns, params, draft }: Session): Promise<string> {
  const shared: Shared = {
    c: columns.map((column) => ({
      m: column.model,
      p: column.params && filled(column.params),
      t: column.turns.map(({ role, text, calls, callId }) => ({ role, text, ...(calls && { calls }), ...(callId && { callId }) })),
    })),
    p: filled(params),
    d: draft,
  }
  const bytes = await through(new TextEncoder().encode(JSON.stringify(shared)), new CompressionStream('deflate-raw'))
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Reads what pack wrote; undefined if it is anything else. */
export async function unpack(packed: string): Promise<Session | undefined> {
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const shared = JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw')))) as Shared
    return {
      columns: shared.c.slice(0, 4).map((column, i) => ({
        id: i + 1,
        model: String(column.m),
        params: column.p && { ...noParams, ...column.p },
        turns: column.t.map((turn) => ({ ...turn, text: String(turn.text) })),
      })),
      params: { ...noParams, ...shared.p },
      draft: String(shared.d ?? ''),
    }
  } catch {
    return undefined
  }
}
