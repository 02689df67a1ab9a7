import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { Badge, type Tone } from '@/ui/Badge'

export const outcomes = ['ok', 'rescued', 'failed', 'left'] as const
export type Outcome = (typeof outcomes)[number]

/** What came of a call, from where its caller stands. */
export function outcomeOf(call: Pick<Call, 'class' | 'status' | 'rescued' | 'attempts'>): Outcome {
  if (call.class === 'client_closed' || call.status === 499) return 'left'
  if (call.class || call.status >= 400) return 'failed'
  return call.rescued || call.attempts.some((a) => a.class) ? 'rescued' : 'ok'
}

const tones: Record<Outcome, Tone> = { ok: 'ok', rescued: 'warn', failed: 'bad', left: 'neutral' }

export function OutcomeBadge({ call }: { call: Call }) {
  const { t } = useTranslation()
  const outcome = outcomeOf(call)
  return (
    <Badge tone={tones[outcome]} mark title={call.class || undefined}>
      {t(`logs.outcome.${outcome}`)}
    </Badge>
  )
}
