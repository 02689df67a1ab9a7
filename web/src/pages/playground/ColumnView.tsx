import { Code as CodeIcon, MessagesSquare, SlidersHorizontal, X } from 'lucide-react'
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Answer, useChat } from '@/parts/useChat'
import { IconButton } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote } from '@/ui/Feedback'
import { Suggestions } from '@/ui/Field'
import { Switch } from '@/ui/Switch'
import { type Column, openCalls, type Params, type Turn, toRequest } from './conversation'
import { ParamsForm } from './ParamsForm'
import { AnswerBody, ToolResult, TurnView } from './TurnView'

/** What the page can have a column do. */
export interface ColumnHandle {
  ask: (turns: Turn[]) => void
  stop: () => void
}

interface Props {
  ref: Ref<ColumnHandle>
  column: Column
  shared: Params
  models: string[]
  raw: boolean
  /** What it is called in a blind comparison. */
  letter: string | undefined
  /** Nothing may tell which model this is. */
  hidden: boolean
  onChange: (change: (column: Column) => Column) => void
  onRemove: (() => void) | undefined
  onCurl: () => void
  onBusy: (busy: boolean) => void
}

/** One model with its own conversation. */
export function ColumnView({ ref, column, shared, models, raw, letter, hidden, onChange, onRemove, onCurl, onBusy }: Props) {
  const { t } = useTranslation()
  const [tuning, setTuning] = useState(false)
  const chat = useChat((answer: Answer) => {
    if (!answer.text && !answer.thought && !answer.calls?.length) return
    const turn: Turn = { role: 'assistant', text: answer.text, answer, ...(answer.calls && { calls: answer.calls }) }
    onChange((c) => ({ ...c, turns: [...c.turns, turn] }))
    chat.clear()
  })
  const streaming = chat.answer?.state === 'streaming'
  const busy = useRef(onBusy)
  busy.current = onBusy
  useEffect(() => {
    busy.current(streaming)
    return () => busy.current(false)
  }, [streaming])
  const ask = (turns: Turn[]) => {
    onChange((c) => ({ ...c, turns }))
    void chat.ask(toRequest(column.model, column.params ?? shared, turns))
  }
  useImperativeHandle(ref, () => ({ ask, stop: chat.stop }))
  const setTurns = (turns: Turn[]) => onChange((c) => ({ ...c, turns }))
  const name = letter ? t('playground.candidate', { letter }) : t('playground.column', { n: column.id })
  return (
    <section
      aria-label={name}
      className="flex min-h-80 min-w-0 flex-col overflow-hidden rounded-2xl border border-line bg-surface shadow-card"
    >
      <div className="flex items-center gap-0.5 border-line border-b p-2">
        {letter && <span className="px-2 font-semibold">{hidden ? name : letter}</span>}
        {hidden ? (
          <span className="flex min-h-9 min-w-0 flex-1 items-center truncate text-[0.93rem] text-ink3">{t('playground.hiddenModel')}</span>
        ) : (
          <>
            <input
              aria-label={t('chat.model')}
              title={t('playground.modelHint')}
              list={`models-${column.id}`}
              value={column.model}
              onChange={(e) => onChange((c) => ({ ...c, model: e.target.value }))}
              spellCheck={false}
              autoComplete="off"
              className="control min-w-0 font-mono text-[0.93rem]"
            />
            <Suggestions id={`models-${column.id}`} values={models} />
            <IconButton
              label={t('playground.tune')}
              icon={SlidersHorizontal}
              aria-pressed={Boolean(column.params)}
              className={column.params ? 'text-accent' : undefined}
              onClick={() => setTuning(true)}
            />
            <IconButton label={t('playground.asCode')} icon={CodeIcon} onClick={onCurl} />
          </>
        )}
        {onRemove && <IconButton label={t('common.removeItem', { name })} icon={X} danger onClick={onRemove} />}
      </div>
      <Conversation column={column} chat={chat} raw={raw} hidden={hidden} setTurns={setTurns} ask={ask} />
      {tuning && (
        <Dialog open onClose={() => setTuning(false)} title={t('playground.tune')} description={column.model}>
          <div className="space-y-4">
            <Switch
              label={t('playground.own')}
              note={t('playground.ownNote')}
              checked={Boolean(column.params)}
              onChange={(on) => onChange((c) => ({ ...c, params: on ? { ...shared } : undefined }))}
            />
            {column.params && <ParamsForm params={column.params} onChange={(params) => onChange((c) => ({ ...c, params }))} />}
          </div>
        </Dialog>
      )}
    </section>
  )
}

interface ConversationProps {
  column: Column
  chat: ReturnType<typeof useChat>
  raw: boolean
  hidden: boolean
  setTurns: (turns: Turn[]) => void
  ask: (turns: Turn[]) => void
}

function Conversation({ column, chat, raw, hidden, setTurns, ask }: ConversationProps) {
  const { t } = useTranslation()
  const { turns } = column
  const { answer } = chat
  const box = useRef<HTMLDivElement>(null)
  const length = answer?.text.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows what grows
  useEffect(() => {
    const scrolled = box.current
    if (scrolled) scrolled.scrollTop = scrolled.scrollHeight
  }, [turns.length, length])
  if (turns.length === 0 && !answer) {
    return (
      <div className="flex flex-1 flex-col items-center justify-center p-8 text-center text-ink2">
        <MessagesSquare aria-hidden className="mb-3 size-8 text-ink3" />
        <p className="max-w-sm">{t('playground.empty')}</p>
      </div>
    )
  }
  const waiting = answer ? undefined : openCalls(turns)[0]
  return (
    <div
      ref={box}
      role="group"
      aria-label={t('playground.conversation')}
      tabIndex={0}
      className="max-h-[70dvh] min-h-0 flex-1 space-y-2 overflow-y-auto p-3"
    >
      {turns.map((turn, i) => (
        <TurnView
          key={i}
          turn={turn}
          place={i + 1}
          raw={raw}
          hidden={hidden}
          onChange={(next) => setTurns(turns.map((old, at) => (at === i ? next : old)))}
          onRemove={() => setTurns(turns.filter((_, at) => at !== i))}
          onAgain={turn.role === 'user' && answer?.state !== 'streaming' ? () => ask(turns.slice(0, i + 1)) : undefined}
        />
      ))}
      {waiting && (
        <ToolResult
          key={waiting.id}
          call={waiting}
          onDone={(text) => {
            const next: Turn[] = [...turns, { role: 'tool', text, callId: waiting.id }]
            // Once every call has its result, the model goes on.
            if (openCalls(next).length === 0) ask(next)
            else setTurns(next)
          }}
        />
      )}
      {answer && (
        <div aria-live="polite" className="space-y-2 px-3 py-2">
          <AnswerBody answer={answer} raw={raw} hidden={hidden} />
          {answer.state === 'failed' &&
            (hidden ? <p className="text-bad">{t('playground.blindFailed')}</p> : <ErrorNote error={answer.error} />)}
        </div>
      )}
    </div>
  )
}
