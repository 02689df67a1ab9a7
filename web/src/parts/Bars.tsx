import type { Schemas } from '@/api/client'
import { cx } from '@/ui/cx'

type Attempt = Pick<Schemas['Attempt'], 'start_ms' | 'duration_ms' | 'first_ms' | 'class'>

/** Attempts below each other on one time axis, in small: light until the first content, heavy after. */
export function Bars({ attempts, total }: { attempts: readonly Attempt[]; total: number }) {
  const share = (ms: number) => `${Math.min(100, (ms / total) * 100)}%`
  return (
    <span aria-hidden className="block space-y-0.5">
      {attempts.map((attempt, i) => {
        const first = attempt.first_ms > 0 ? attempt.first_ms : attempt.duration_ms
        return (
          <span key={i} className="relative block h-2 rounded-sm bg-line">
            <span
              className={cx('absolute top-1/2 h-1 min-w-0.5 -translate-y-1/2 rounded-sm', attempt.class ? 'bg-badfill' : 'bg-s2')}
              style={{ left: share(attempt.start_ms), width: share(first) }}
            />
            <span
              className={cx('absolute inset-y-0 min-w-0.5 rounded-sm', attempt.class ? 'bg-badfill' : 'bg-s1')}
              style={{ left: share(attempt.start_ms + first), width: share(attempt.duration_ms - first) }}
            />
          </span>
        )
      })}
    </span>
  )
}
