import { cx } from './cx'

interface Props {
  label: string
  value: string
  options: readonly { value: string; label: string }[]
  onChange: (value: string) => void
}

/** A few choices side by side, one of which holds. */
export function Segmented({ label, value, options, onChange }: Props) {
  return (
    <div role="group" aria-label={label} className="inline-flex max-w-full flex-wrap gap-0.5 rounded-lg border border-line bg-sunken p-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={cx(
            'rounded-md px-2.5 py-1 text-[0.93rem]',
            option.value === value ? 'bg-surface font-medium text-ink shadow-card dark:bg-line' : 'text-ink2 hover:text-ink',
          )}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}
