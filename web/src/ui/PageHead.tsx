import type { ReactNode } from 'react'

/** What a page is for, and what can be done on it. Its title stands in the top bar. */
export function PageHead({ intro, actions }: { intro: string; actions?: ReactNode }) {
  return (
    <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
      <p className="max-w-2xl text-ink2">{intro}</p>
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </div>
  )
}
