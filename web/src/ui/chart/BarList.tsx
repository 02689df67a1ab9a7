import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { cx } from '../cx'
import { fills } from './Legend'
import type { Colour } from './types'

export interface Bar {
  key: string
  label: ReactNode
  /** The parts, in the order of the colours. */
  parts: readonly number[]
  /** Figures at the right. */
  figures: readonly ReactNode[]
  link?: { to: string; search: never }
}

/** Names with bars on one scale, the longest first. */
export function BarList({ bars, colours }: { bars: readonly Bar[]; colours: readonly Colour[] }) {
  const most = Math.max(1, ...bars.map((bar) => bar.parts.reduce((a, b) => a + b, 0)))
  return (
    <ul className="space-y-2.5">
      {bars.map((bar) => (
        <li key={bar.key}>
          <div className="flex items-baseline gap-3">
            <span className="min-w-0 flex-1 truncate font-medium">
              {bar.link ? (
                <Link {...bar.link} className="hover:text-accent hover:underline">
                  {bar.label}
                </Link>
              ) : (
                bar.label
              )}
            </span>
            {bar.figures.map((figure, i) => (
              <span
                key={i}
                className={cx('whitespace-nowrap tabular-nums', i === bar.figures.length - 1 ? 'font-medium' : 'text-[0.93rem] text-ink2')}
              >
                {figure}
              </span>
            ))}
          </div>
          <div aria-hidden className="mt-1 flex h-1.5 overflow-hidden rounded-full bg-sunken">
            {bar.parts.map((part, i) => (
              <span key={i} className={fills[colours[i] ?? 's1']} style={{ width: `${(part / most) * 100}%` }} />
            ))}
          </div>
        </li>
      ))}
    </ul>
  )
}
