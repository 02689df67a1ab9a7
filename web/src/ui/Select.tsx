import { Select as Base } from '@base-ui/react/select'
import { Check, ChevronDown } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './cx'

export interface Option {
  value: string
  label: ReactNode
  /** Smaller text below. */
  note?: string
}

interface Props {
  label: string
  /** Whether the label is drawn, or only read out. */
  hideLabel?: boolean
  value: string
  options: readonly Option[]
  onChange: (value: string) => void
  error?: string | undefined
  hint?: ReactNode
  placeholder?: string
  className?: string
  disabled?: boolean
}

export function Select({ label, hideLabel, value, options, onChange, error, hint, placeholder, className, disabled }: Props) {
  const chosen = options.find((o) => o.value === value)
  const note = error ?? hint
  return (
    <div className={cx('min-w-0', className)}>
      <Base.Root value={value} onValueChange={(v) => v !== null && onChange(v as string)} disabled={disabled} modal={false}>
        {!hideLabel && <Base.Label className="mb-1.5 block font-medium text-ink">{label}</Base.Label>}
        <Base.Trigger
          aria-label={hideLabel ? label : undefined}
          aria-invalid={error ? true : undefined}
          className="control flex items-center justify-between gap-2 text-left"
        >
          <span className={cx('truncate', !chosen && 'text-ink3')}>{chosen?.label ?? placeholder ?? value}</span>
          <ChevronDown aria-hidden className="size-4 shrink-0 text-ink3" />
        </Base.Trigger>
        <Base.Portal>
          <Base.Positioner sideOffset={6} alignItemWithTrigger={false} className="z-50 outline-none">
            <Base.Popup className="max-h-[min(22rem,var(--available-height))] min-w-[var(--anchor-width)] max-w-[min(28rem,92vw)] overflow-y-auto rounded-xl border border-line bg-raised p-1 shadow-pop outline-none">
              {options.map((option) => (
                <Base.Item
                  key={option.value}
                  value={option.value}
                  className="flex items-start gap-2 rounded-lg px-2.5 py-2 outline-none data-[highlighted]:bg-tint"
                >
                  <span className="mt-0.5 size-4 shrink-0">
                    <Base.ItemIndicator>
                      <Check aria-hidden className="size-4 text-accent" />
                    </Base.ItemIndicator>
                  </span>
                  <span className="min-w-0">
                    <Base.ItemText className="block break-words">{option.label}</Base.ItemText>
                    {option.note && <span className="block text-[0.93rem] text-ink2">{option.note}</span>}
                  </span>
                </Base.Item>
              ))}
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
      {note && <p className={cx('mt-1.5 text-[0.93rem]', error ? 'text-bad' : 'text-ink3')}>{note}</p>}
    </div>
  )
}
