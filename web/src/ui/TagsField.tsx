import { X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field, Suggestions } from './Field'

interface Props {
  label: string
  values: readonly string[]
  onChange: (values: string[]) => void
  hint?: ReactNode
  error?: string | undefined
  placeholder?: string
  suggestions?: readonly string[]
  aside?: ReactNode
}

/** Several short texts; Enter, a comma or leaving the field adds one. */
export function TagsField({ label, values, onChange, hint, error, placeholder, suggestions, aside }: Props) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState('')
  const add = (text: string) => {
    const fresh = text
      .split(/[\s,，]+/)
      .filter(Boolean)
      .filter((v, i, all) => all.indexOf(v) === i && !values.includes(v))
    if (fresh.length > 0) onChange([...values, ...fresh])
    setDraft('')
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if ((event.key === 'Enter' || event.key === ',') && draft.trim()) {
      event.preventDefault()
      add(draft)
    } else if (event.key === 'Backspace' && draft === '' && values.length > 0) {
      onChange(values.slice(0, -1))
    }
  }
  const left = suggestions?.filter((s) => !values.includes(s)) ?? []
  return (
    <Field label={label} hint={hint} error={error} aside={aside}>
      {(wiring) => (
        <div className="control flex max-h-52 py-1! flex-wrap items-center gap-1.5 overflow-y-auto has-[input:focus-visible]:border-transparent has-[input:focus-visible]:outline-2 has-[input:focus-visible]:outline-accent">
          {values.map((value) => (
            <span
              key={value}
              className="inline-flex max-w-full items-center gap-0.5 rounded-md bg-tint pl-2 font-mono text-[0.9rem] text-ink"
            >
              <span className="truncate">{value}</span>
              <button
                type="button"
                aria-label={t('common.removeItem', { name: value })}
                onClick={() => onChange(values.filter((v) => v !== value))}
                className="flex size-6 shrink-0 items-center justify-center rounded-md text-ink2 hover:text-ink"
              >
                <X aria-hidden className="size-3.5" />
              </button>
            </span>
          ))}
          <input
            {...wiring}
            value={draft}
            placeholder={values.length === 0 ? placeholder : undefined}
            list={left.length ? `${wiring.id}-list` : undefined}
            onChange={(e) => (left.includes(e.target.value) ? add(e.target.value) : setDraft(e.target.value))}
            onKeyDown={onKey}
            onBlur={() => add(draft)}
            autoComplete="off"
            spellCheck={false}
            className="min-w-20 flex-1 border-0 bg-transparent p-0.5 outline-none placeholder:text-ink3"
          />
          {left.length > 0 && <Suggestions id={`${wiring.id}-list`} values={left} />}
        </div>
      )}
    </Field>
  )
}
