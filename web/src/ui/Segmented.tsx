import { Toggle } from '@base-ui/react/toggle'
import { ToggleGroup } from '@base-ui/react/toggle-group'

interface Props {
  label: string
  value: string
  options: readonly { value: string; label: string }[]
  onChange: (value: string) => void
}

/** A few choices side by side, one of which holds. */
export function Segmented({ label, value, options, onChange }: Props) {
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      onValueChange={(values) => values[0] && onChange(values[0] as string)}
      className="inline-flex max-w-full flex-wrap gap-0.5 rounded-lg border border-line bg-sunken p-0.5"
    >
      {options.map((option) => (
        <Toggle
          key={option.value}
          value={option.value}
          className="rounded-md px-2.5 py-1 text-[0.93rem] text-ink2 hover:text-ink data-[pressed]:bg-surface data-[pressed]:font-medium data-[pressed]:text-ink data-[pressed]:shadow-card dark:data-[pressed]:bg-line"
        >
          {option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  )
}
