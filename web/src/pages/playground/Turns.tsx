import { MessagesSquare, Trash2 } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Message } from '@/api/chat'
import { AnswerFigures } from '@/parts/AnswerFigures'
import type { Answer } from '@/parts/useChat'
import { IconButton } from '@/ui/Button'
import { CopyButton } from '@/ui/Copy'
import { cx } from '@/ui/cx'
import { ErrorNote } from '@/ui/Feedback'

export interface Turn extends Message {
  answer?: Answer
}

interface Props {
  turns: Turn[]
  /** The answer that is under way, or failed. */
  answer: Answer | undefined
  onEdit: (turns: Turn[]) => void
}

export function Turns({ turns, answer, onEdit }: Props) {
  const { t } = useTranslation()
  const end = useRef<HTMLDivElement>(null)
  const length = answer?.text.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows what grows
  useEffect(() => {
    // Newer browsers answer a promise, which is no way to clean up.
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [turns.length, length])
  if (turns.length === 0 && !answer) {
    return (
      <div className="flex flex-1 flex-col items-center justify-center p-8 text-center text-ink2">
        <MessagesSquare aria-hidden className="mb-3 size-8 text-ink3" />
        <p className="max-w-sm">{t('playground.empty')}</p>
      </div>
    )
  }
  return (
    <div className="min-h-0 flex-1 space-y-4 overflow-y-auto p-4">
      {turns.map((turn, i) => (
        <div key={i} className={cx('group flex gap-2', turn.role === 'user' && 'justify-end')}>
          <div className={cx('min-w-0 max-w-[46rem]', turn.role === 'user' ? 'rounded-2xl rounded-br-md bg-tint px-3.5 py-2' : 'flex-1')}>
            <span className="sr-only">{t(turn.role === 'user' ? 'playground.you' : 'playground.answer')}</span>
            {turn.answer ? <AnswerBody answer={turn.answer} /> : <p className="whitespace-pre-wrap break-words">{turn.content}</p>}
          </div>
          <div className="flex flex-col">
            {turn.answer && <CopyButton text={turn.content} compact />}
            <IconButton
              label={t('playground.removeTurn', { n: i + 1 })}
              icon={Trash2}
              danger
              onClick={() => onEdit(turns.filter((_, at) => at !== i))}
            />
          </div>
        </div>
      ))}
      {answer && (
        <div aria-live="polite" className="max-w-[46rem]">
          <AnswerBody answer={answer} />
          {answer.state === 'failed' && <ErrorNote error={answer.error} />}
        </div>
      )}
      <div ref={end} />
    </div>
  )
}

function AnswerBody({ answer }: { answer: Answer }) {
  const { t } = useTranslation()
  return (
    <div className="space-y-2">
      {answer.thought && (
        <details open={!answer.text || undefined} className="rounded-xl bg-sunken px-3 py-2 text-ink2">
          <summary>{t('playground.thought')}</summary>
          <p className="mt-1 whitespace-pre-wrap break-words">{answer.thought}</p>
        </details>
      )}
      <p data-testid="answer" className="whitespace-pre-wrap break-words leading-relaxed">
        {answer.text}
        {answer.state === 'streaming' && (
          <span aria-hidden className="ml-0.5 inline-block h-4 w-2 animate-pulse bg-accent align-text-bottom" />
        )}
      </p>
      {answer.state === 'stopped' && <p className="text-[0.93rem] text-ink3">{t('playground.stopped')}</p>}
      {answer.finish === 'length' && <p className="text-[0.93rem] text-warn">{t('playground.cutByLimit')}</p>}
      <AnswerFigures answer={answer} />
    </div>
  )
}
