import { useTranslation } from 'react-i18next'
import { Field } from './Field'

interface Props {
  /** A point in time as RFC 3339; undefined is never. */
  value: string | undefined
  onChange: (value: string | undefined) => void
  error?: string | undefined
}

/** The browser's own field wants local time without a zone. */
export function toLocal(time: string | undefined): string {
  if (!time) return ''
  const at = new Date(time)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function ExpiryField({ value, onChange, error }: Props) {
  const { t } = useTranslation()
  return (
    <Field label={t('keys.expiry')} hint={t('keys.expiryHint')} error={error}>
      {(wiring) => (
        <input
          {...wiring}
          type="datetime-local"
          value={toLocal(value)}
          onChange={(e) => onChange(e.target.value ? new Date(e.target.value).toISOString() : undefined)}
          className="control"
        />
      )}
    </Field>
  )
}
