import { useCallback, useEffect, useRef, useState } from 'react'
import { type ChatRequest, type ChatUpdate, chat, type Origin, type ToolCall } from '@/api/chat'

export interface Answer {
  state: 'streaming' | 'done' | 'stopped' | 'failed'
  text: string
  thought: string
  /** What the model wants called. */
  calls?: ToolCall[]
  origin?: Origin
  /** Milliseconds from asking to the first piece. */
  firstMs?: number
  totalMs?: number
  /** Tokens a second after the first piece, as the vendor counted them. */
  rate?: number
  tokens?: { input: number; output: number }
  finish?: string
  error?: unknown
}

/** The calls with one piece more. */
export function withCall(calls: readonly ToolCall[], piece: NonNullable<ChatUpdate['call']>): ToolCall[] {
  const out = [...calls]
  const old = out[piece.at] ?? { id: '', type: 'function', function: { name: '', arguments: '' } }
  out[piece.at] = {
    ...old,
    id: old.id || (piece.id ?? ''),
    function: { name: old.function.name || (piece.name ?? ''), arguments: old.function.arguments + (piece.arguments ?? '') },
  }
  return out
}

/** One question at a time, and its answer as it grows. */
export function useChat(onDone?: (answer: Answer) => void) {
  const [answer, setAnswer] = useState<Answer>()
  const running = useRef<AbortController>(undefined)
  const done = useRef(onDone)
  done.current = onDone
  useEffect(() => () => running.current?.abort(), [])

  const ask = useCallback(async (request: ChatRequest) => {
    running.current?.abort()
    const control = new AbortController()
    running.current = control
    let now: Answer = { state: 'streaming', text: '', thought: '' }
    const show = (change: Partial<Answer>) => {
      now = { ...now, ...change }
      if (running.current === control) setAnswer(now)
    }
    show({})
    const began = performance.now()
    try {
      for await (const update of chat(request, control.signal)) {
        if ((update.text || update.thought || update.call) && now.firstMs === undefined) show({ firstMs: performance.now() - began })
        if (update.origin) show({ origin: update.origin })
        if (update.text) show({ text: now.text + update.text })
        if (update.thought) show({ thought: now.thought + update.thought })
        if (update.call) show({ calls: withCall(now.calls ?? [], update.call) })
        if (update.tokens) show({ tokens: update.tokens })
        if (update.finish) show({ finish: update.finish })
      }
      show({ state: 'done' })
    } catch (error) {
      show(control.signal.aborted ? { state: 'stopped' } : { state: 'failed', error })
    }
    const totalMs = performance.now() - began
    const streamed = (totalMs - (now.firstMs ?? totalMs)) / 1000
    const output = now.tokens?.output
    show({ totalMs, rate: output && streamed > 0.05 ? output / streamed : undefined })
    if (now.state !== 'failed') done.current?.(now)
  }, [])
  const stop = useCallback(() => running.current?.abort(), [])
  const clear = useCallback(() => {
    running.current?.abort()
    running.current = undefined
    setAnswer(undefined)
  }, [])
  return { answer, ask, stop, clear }
}
