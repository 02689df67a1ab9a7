import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { Badge, type Tone } from '@/ui/Badge'

/** What may come of a call, from where its caller stands. */
export const outcomes = ['ok', 'rescued', 'failed', 'refused', 'left'] as const
export type Outcome = (typeof outcomes)[number]

const tones: Record<Outcome, Tone> = { ok: 'ok', rescued: 'warn', failed: 'bad', refused: 'neutral', left: 'neutral' }

export function OutcomeBadge({ call }: { call: Pick<Call, 'outcome' | 'class'> }) {
  const { t } = useTranslation()
  return (
    <Badge tone={tones[call.outcome]} mark title={call.class || undefined}>
      {t(`logs.outcome.${call.outcome}`)}
    </Badge>
  )
}
