import { Eye, EyeOff } from 'lucide-react'
import { type ClipboardEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { cx } from './cx'
import { Field } from './Field'

interface Props {
  label: string
  value: string
  onChange: (value: string) => void
  /** What was pasted, once it stands in the field. */
  onPasted?: (value: string) => void
  hint?: ReactNode
  error?: string | undefined
  placeholder?: string
  autoComplete?: string
  autoFocus?: boolean
  name?: string
  className?: string
}

/** A field for passwords and keys, with a switch to show them. */
export function SecretField({ label, value, onChange, onPasted, hint, error, autoComplete = 'off', className, ...rest }: Props) {
  const { t } = useTranslation()
  const [shown, setShown] = useState(false)
  const pasted = (event: ClipboardEvent<HTMLInputElement>) => {
    const text = event.clipboardData.getData('text').trim()
    if (!text || !onPasted) return
    event.preventDefault()
    onChange(text)
    onPasted(text)
  }
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wiring) => (
        <div className="relative">
          <input
            {...wiring}
            {...rest}
            type={shown ? 'text' : 'password'}
            value={value}
            onChange={(e) => onChange(e.target.value)}
            onPaste={pasted}
            autoComplete={autoComplete}
            spellCheck={false}
            className={cx('control pr-11', shown && 'font-mono text-[0.93rem]')}
          />
          <button
            type="button"
            aria-label={shown ? t('common.hide') : t('common.show')}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
            className="absolute top-1 right-1 flex size-8 items-center justify-center rounded-md text-ink3 hover:text-ink"
          >
            {shown ? <EyeOff aria-hidden className="size-4" /> : <Eye aria-hidden className="size-4" />}
          </button>
        </div>
      )}
    </Field>
  )
}
