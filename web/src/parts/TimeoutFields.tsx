import { useTranslation } from 'react-i18next'
import type { Timeouts } from '@/api/client'
import { faultAt } from '@/api/problem'
import { TextField } from '@/ui/Field'

const clocks = ['connect', 'headers', 'first_token', 'idle', 'total'] as const
const defaults = { connect: '10s', headers: '60s', first_token: '60s', idle: '120s', total: '1h' }

interface Props {
  value: Timeouts
  onChange: (value: Timeouts) => void
  error: unknown
}

/** The clocks of an attempt; empty takes what holds above. */
export function TimeoutFields({ value, onChange, error }: Props) {
  const { t } = useTranslation()
  return (
    <fieldset>
      <legend className="mb-1 font-medium">{t('timeouts.title')}</legend>
      <p className="mb-3 text-[0.93rem] text-ink3">{t('timeouts.hint')}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        {clocks.map((clock) => (
          <TextField
            key={clock}
            label={t(`timeouts.${clock}`)}
            hint={t(`timeouts.${clock}_hint`)}
            placeholder={defaults[clock]}
            value={value[clock] ?? ''}
            onChange={(text) => onChange({ ...value, [clock]: text.trim() || undefined })}
            error={faultAt(error, `timeouts.${clock}`)}
            mono
          />
        ))}
      </div>
    </fieldset>
  )
}
