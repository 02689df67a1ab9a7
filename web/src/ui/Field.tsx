import { type InputHTMLAttributes, type ReactNode, type Ref, type TextareaHTMLAttributes, useId } from 'react'
import { cx } from './cx'

interface FieldProps {
  label: string
  hint?: ReactNode
  error?: string | undefined
  /** What stands at the right of the label. */
  aside?: ReactNode
  className?: string
}

interface Wiring {
  id: string
  'aria-invalid': boolean | undefined
  'aria-describedby': string | undefined
}

/** A label, a control, and below it what is wrong or what it is for. */
export function Field({ label, hint, error, aside, className, children }: FieldProps & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId()
  const note = error ?? hint
  return (
    <div className={cx('min-w-0', className)}>
      <div className="mb-1.5 flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="font-medium text-ink">
          {label}
        </label>
        {aside}
      </div>
      {children({ id, 'aria-invalid': error ? true : undefined, 'aria-describedby': note ? `${id}-note` : undefined })}
      {note && (
        <p id={`${id}-note`} role={error ? 'alert' : undefined} className={cx('mt-1.5 text-[0.93rem]', error ? 'text-bad' : 'text-ink3')}>
          {note}
        </p>
      )}
    </div>
  )
}

type InputProps = FieldProps &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange'> & {
    onChange: (value: string) => void
    mono?: boolean
    ref?: Ref<HTMLInputElement>
    /** What may be completed to. */
    suggestions?: readonly string[]
  }

export function TextField({ label, hint, error, aside, className, onChange, mono, suggestions, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error} aside={aside} className={className}>
      {(wiring) => (
        <>
          <input
            {...wiring}
            autoComplete="off"
            spellCheck={false}
            list={suggestions?.length ? `${wiring.id}-list` : undefined}
            {...rest}
            onChange={(e) => onChange(e.target.value)}
            className={cx('control', mono && 'font-mono text-[0.93rem]')}
          />
          {suggestions && suggestions.length > 0 && <Suggestions id={`${wiring.id}-list`} values={suggestions} />}
        </>
      )}
    </Field>
  )
}

export function Suggestions({ id, values }: { id: string; values: readonly string[] }) {
  return (
    <datalist id={id}>
      {values.map((value) => (
        <option key={value} value={value} />
      ))}
    </datalist>
  )
}

type AreaProps = FieldProps &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange'> & { onChange: (value: string) => void; mono?: boolean }

export function TextArea({ label, hint, error, aside, className, onChange, mono, ...rest }: AreaProps) {
  return (
    <Field label={label} hint={hint} error={error} aside={aside} className={className}>
      {(wiring) => (
        <textarea
          {...wiring}
          rows={3}
          spellCheck={false}
          {...rest}
          onChange={(e) => onChange(e.target.value)}
          className={cx('control resize-y', mono && 'font-mono text-[0.93rem]')}
        />
      )}
    </Field>
  )
}
