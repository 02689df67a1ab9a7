import type { ReactNode } from 'react'
import { cx } from './cx'

export type Tone = 'ok' | 'warn' | 'bad' | 'accent' | 'neutral'

const tones: Record<Tone, string> = {
  ok: 'bg-okbg text-ok',
  warn: 'bg-warnbg text-warn',
  bad: 'bg-badbg text-bad',
  accent: 'bg-tint text-accent',
  neutral: 'bg-sunken text-ink2 ring-1 ring-line ring-inset',
}

// The mark differs by shape as well, for those who cannot tell the colours.
const marks: Record<Tone, string> = { ok: '●', warn: '▲', bad: '■', accent: '●', neutral: '○' }

export function Badge({ tone = 'neutral', mark, title, children }: { tone?: Tone; mark?: boolean; title?: string; children: ReactNode }) {
  return (
    <span
      title={title}
      className={cx('inline-flex items-center gap-1.5 whitespace-nowrap rounded-full px-2 py-px font-medium text-[0.86rem]', tones[tone])}
    >
      {mark && (
        <span aria-hidden className="text-[0.55rem]">
          {marks[tone]}
        </span>
      )}
      {children}
    </span>
  )
}
