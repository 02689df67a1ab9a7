import { Switch as Base } from '@base-ui/react/switch'
import { type ReactNode, useId } from 'react'
import { cx } from './cx'

interface Props {
  label: string
  hideLabel?: boolean
  note?: ReactNode
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
}

export function Switch({ label, hideLabel, note, checked, onChange, disabled }: Props) {
  const id = useId()
  return (
    <div className="flex items-start gap-3">
      <Base.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-labelledby={hideLabel ? undefined : id}
        aria-label={hideLabel ? label : undefined}
        className="relative mt-0.5 h-5 w-9 shrink-0 rounded-full bg-ink3 p-0.5 transition-colors data-[checked]:bg-accent data-[disabled]:opacity-50"
      >
        <Base.Thumb
          className={cx('block size-4 rounded-full bg-white transition-transform data-[checked]:translate-x-4 dark:bg-[#0d101a]')}
        />
      </Base.Root>
      {!hideLabel && (
        <div className="min-w-0">
          <span id={id} className="font-medium">
            {label}
          </span>
          {note && <p className="text-[0.93rem] text-ink3">{note}</p>}
        </div>
      )}
    </div>
  )
}
