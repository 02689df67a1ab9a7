import type { ReactNode } from 'react'
import { cx } from './cx'

interface Props {
  title?: ReactNode
  note?: ReactNode
  actions?: ReactNode
  children: ReactNode
  className?: string
  /** Content reaches the edges, for lists and tables. */
  flush?: boolean
}

export function Card({ title, note, actions, children, className, flush }: Props) {
  return (
    <section className={cx('rounded-2xl border border-line bg-surface shadow-card', className)}>
      {(title || actions) && (
        <div className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-3 pb-2">
          <div className="min-w-0 flex-1">
            {title && <h2 className="font-semibold text-[1.07rem]">{title}</h2>}
            {note && <p className="text-[0.93rem] text-ink3">{note}</p>}
          </div>
          {actions}
        </div>
      )}
      <div className={cx(!flush && 'px-4 pb-4', !flush && !title && !actions && 'pt-4')}>{children}</div>
    </section>
  )
}
