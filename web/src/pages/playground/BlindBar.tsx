import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { Notice } from '@/ui/Feedback'
import { type Blind, isHidden, letterOf } from './blind'
import type { Column } from './conversation'

interface Props {
  blind: Blind
  columns: readonly Column[]
  /** Every column has answered, so that one can choose. */
  ready: boolean
  onVerdict: (verdict: NonNullable<Blind['verdict']>) => void
  onAgain: () => void
}

/** Where one chooses between answers of unknown models, and is told whose they were. */
export function BlindBar({ blind, columns, ready, onVerdict, onAgain }: Props) {
  const { t } = useTranslation()
  if (isHidden(blind)) {
    if (!ready) return <Notice tone="info">{t('playground.blindNote')}</Notice>
    return (
      <section
        aria-label={t('playground.voteAsk')}
        className="flex flex-wrap items-center gap-2 rounded-2xl border border-line bg-surface p-3 shadow-card"
      >
        <p className="mr-auto font-medium">{t('playground.voteAsk')}</p>
        {columns.map((column) => (
          <Button key={column.id} size="sm" look="primary" onClick={() => onVerdict(column.id)}>
            {t('playground.vote', { letter: letterOf(blind, column.id) })}
          </Button>
        ))}
        <Button size="sm" onClick={() => onVerdict('tie')}>
          {t('playground.voteTie')}
        </Button>
        <Button size="sm" look="quiet" onClick={() => onVerdict('none')}>
          {t('playground.reveal')}
        </Button>
      </section>
    )
  }
  const best = columns.find((c) => c.id === blind.verdict)
  return (
    <Notice tone="ok">
      <div role="status" className="flex flex-wrap items-center gap-2">
        <p className="mr-auto break-all font-medium">
          {best
            ? t('playground.voted', { name: `${letterOf(blind, best.id)} · ${best.model}` })
            : t(blind.verdict === 'tie' ? 'playground.tied' : 'playground.revealed')}
        </p>
        <Button size="sm" onClick={onAgain}>
          {t('playground.blindAgain')}
        </Button>
      </div>
    </Notice>
  )
}
