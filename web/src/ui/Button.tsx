import type { LucideIcon } from 'lucide-react'
import type { ButtonHTMLAttributes } from 'react'
import { cx } from './cx'

type Look = 'primary' | 'plain' | 'quiet' | 'danger' | 'dangerQuiet'

const looks: Record<Look, string> = {
  primary: 'bg-accent text-onaccent hover:bg-accent2 border-transparent',
  plain: 'bg-surface text-ink border-line2 hover:border-ink3 hover:bg-sunken',
  quiet: 'bg-transparent text-ink2 border-transparent hover:bg-sunken hover:text-ink',
  danger: 'bg-badfill text-white dark:text-[#2a0807] border-transparent hover:opacity-90',
  dangerQuiet: 'bg-transparent text-bad border-transparent hover:bg-badbg',
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  size?: 'sm' | 'md' | 'lg'
  icon?: LucideIcon
  /** Shows that the work it began is under way. */
  busy?: boolean
}

export function Button({
  look = 'plain',
  size = 'md',
  icon: Icon,
  busy,
  className,
  children,
  type = 'button',
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cx(
        'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-lg border font-medium transition-colors disabled:opacity-55',
        size === 'sm' && 'min-h-8 px-2.5 text-[0.93rem]',
        size === 'md' && 'min-h-[2.375rem] px-3.5',
        size === 'lg' && 'min-h-11 px-5 text-[1.07rem]',
        looks[look],
        className,
      )}
      {...rest}
    >
      {busy ? <Spinner /> : Icon && <Icon aria-hidden className="size-4" />}
      {children}
    </button>
  )
}

function Spinner() {
  return <span aria-hidden className="size-4 animate-spin rounded-full border-2 border-current border-r-transparent opacity-80" />
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string
  icon: LucideIcon
  danger?: boolean
}

/** A button that shows only a picture; its label is read out and shown on hover. */
export function IconButton({ label, icon: Icon, danger, className, type = 'button', ...rest }: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={cx(
        'inline-flex size-9 shrink-0 items-center justify-center rounded-lg text-ink2 transition-colors disabled:opacity-40',
        danger ? 'hover:bg-badbg hover:text-bad' : 'hover:bg-sunken hover:text-ink',
        className,
      )}
      {...rest}
    >
      <Icon aria-hidden className="size-[1.15rem]" />
    </button>
  )
}
