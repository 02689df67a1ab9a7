import { Check, Pencil, RotateCw, Trash2, Wrench } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ToolCall } from '@/api/chat'
import { AnswerFigures } from '@/parts/AnswerFigures'
import type { Answer } from '@/parts/useChat'
import { Button, IconButton } from '@/ui/Button'
import { CopyButton } from '@/ui/Copy'
import { cx } from '@/ui/cx'
import { Markdown } from '@/ui/Markdown'
import type { Turn } from './conversation'

interface Props {
  turn: Turn
  place: number
  raw: boolean
  /** Nothing may tell whose answer it is: neither figures nor where it came from. */
  hidden: boolean
  onChange: (turn: Turn) => void
  onRemove: () => void
  /** Asks again from here. */
  onAgain: (() => void) | undefined
}

/** One message: what was said, by whom, and what can be done with it. */
export function TurnView({ turn, place, raw, hidden, onChange, onRemove, onAgain }: Props) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState<string>()
  const editing = draft !== undefined
  const done = () => {
    if (editing) onChange({ ...turn, text: draft, answer: undefined })
    setDraft(undefined)
  }
  return (
    <div className={cx('rounded-xl px-3 py-2', turn.role === 'assistant' ? 'bg-surface' : 'bg-sunken')}>
      <div className="-mr-2 flex items-center gap-0.5">
        <span className="mr-auto font-medium text-[0.86rem] text-ink3">{t(`playground.role.${turn.role}`)}</span>
        {turn.role === 'assistant' && turn.text && <CopyButton text={turn.text} compact />}
        {onAgain && <IconButton className="size-8" label={t('playground.again', { n: place })} icon={RotateCw} onClick={onAgain} />}
        <IconButton
          className="size-8"
          label={t(editing ? 'playground.keep' : 'playground.editTurn', { n: place })}
          icon={editing ? Check : Pencil}
          onClick={() => (editing ? done() : setDraft(turn.text))}
        />
        <IconButton className="size-8" label={t('playground.removeTurn', { n: place })} icon={Trash2} danger onClick={onRemove} />
      </div>
      {editing ? (
        <textarea
          // biome-ignore lint/a11y/noAutofocus: it was just asked for
          autoFocus
          aria-label={t('playground.editTurn', { n: place })}
          rows={Math.min(12, draft.split('\n').length + 1)}
          value={draft}
          onChange={(e) => setDraft(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) done()
            if (e.key === 'Escape') setDraft(undefined)
          }}
          className="control mt-1 resize-y"
        />
      ) : turn.answer ? (
        <AnswerBody answer={turn.answer} raw={raw} hidden={hidden} />
      ) : (
        <Said text={turn.text} raw={raw || turn.role !== 'assistant'} />
      )}
      {turn.images && (
        <ul className="mt-2 flex flex-wrap gap-2">
          {turn.images.map((url, i) => (
            <li key={i}>
              <Picture url={url} />
            </li>
          ))}
        </ul>
      )}
      {!turn.answer && turn.calls?.map((call) => <Called key={call.id} call={call} />)}
    </div>
  )
}

/** A picture that is here; one that is elsewhere is only named, since a page may fetch nothing from there. */
export function Picture({ url, children }: { url: string; children?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <span className="relative inline-block">
      {url.startsWith('data:image/') ? (
        <img src={url} alt={t('playground.image')} className="max-h-40 rounded-lg border border-line" />
      ) : (
        <code className="break-all text-[0.9rem]">{url.slice(0, 200)}</code>
      )}
      {children}
    </span>
  )
}

function Said({ text, raw }: { text: string; raw: boolean }) {
  return raw ? <p className="whitespace-pre-wrap break-words">{text}</p> : <Markdown text={text} />
}

function Called({ call }: { call: ToolCall }) {
  const { t } = useTranslation()
  return (
    <div className="mt-2 rounded-lg border border-line bg-surface px-3 py-2">
      <p className="flex items-center gap-2 font-medium">
        <Wrench aria-hidden className="size-4 text-ink3" />
        {t('playground.wants', { name: call.function.name })}
      </p>
      <pre className="mt-1 overflow-x-auto whitespace-pre-wrap break-words font-mono text-[0.9rem] text-ink2">
        {pretty(call.function.arguments)}
      </pre>
    </div>
  )
}

/** JSON over several lines; what is none, as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** An answer as it grows, or as it was. */
export function AnswerBody({ answer, raw, hidden }: { answer: Answer; raw: boolean; hidden: boolean }) {
  const { t } = useTranslation()
  return (
    <div className="space-y-2">
      {answer.thought && (
        <details open={!answer.text || undefined} className="rounded-xl bg-sunken px-3 py-2 text-ink2">
          <summary>{t('playground.thought')}</summary>
          <p className="mt-1 whitespace-pre-wrap break-words">{answer.thought}</p>
        </details>
      )}
      <div data-testid="answer">
        <Said text={answer.text} raw={raw} />
        {answer.state === 'streaming' && (
          <span aria-hidden className="ml-0.5 inline-block h-4 w-2 animate-pulse bg-accent align-text-bottom" />
        )}
      </div>
      {answer.calls?.map((call, i) => (
        <Called key={call.id || i} call={call} />
      ))}
      {answer.state === 'stopped' && <p className="text-[0.93rem] text-ink3">{t('playground.stopped')}</p>}
      {answer.finish === 'length' && <p className="text-[0.93rem] text-warn">{t('playground.cutByLimit')}</p>}
      {answer.finish === 'content_filter' && <p className="text-[0.93rem] text-warn">{t('playground.filtered')}</p>}
      {!hidden && <AnswerFigures answer={answer} />}
    </div>
  )
}

/** The result of a call, to be written by hand. */
export function ToolResult({ call, onDone }: { call: ToolCall; onDone: (text: string) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const name = t('playground.result', { name: call.function.name })
  return (
    <form
      className="rounded-xl border border-line2 border-dashed p-3"
      onSubmit={(event) => {
        event.preventDefault()
        onDone(text)
      }}
    >
      <label className="block font-medium text-[0.93rem]">
        {name}
        <textarea
          rows={2}
          value={text}
          onChange={(e) => setText(e.target.value)}
          placeholder='{"ok": true}'
          className="control mt-1 resize-y font-mono text-[0.93rem]"
        />
      </label>
      <Button size="sm" type="submit" className="mt-2" disabled={!text.trim()}>
        {t('playground.giveResult')}
      </Button>
    </form>
  )
}
