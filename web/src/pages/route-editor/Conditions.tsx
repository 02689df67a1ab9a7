import { ArrowDown, Pencil } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { Notice } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'

/** What moves on unless a route says otherwise; the data plane's own default. */
export const defaultTriggers = ['connect', 'timeout', '429', '5xx', 'auth', '404']
const known: readonly string[] = [...defaultTriggers, 'context_length', 'content_filter', 'bad_request']
type Known = 'connect' | 'timeout' | '429' | '5xx' | 'auth' | '404' | 'context_length' | 'content_filter' | 'bad_request'

interface Props {
  label: string
  on: string[]
  /** What holds while on is empty. */
  inherited: string[]
  onChange: (on: string[]) => void
  error: string | undefined
  /** Without the arrow, where it is not between two steps. */
  plain?: boolean
}

/** The failures that lead to the next step, as chips. */
export function Conditions({ label, on, inherited, onChange, error, plain }: Props) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const [codes, setCodes] = useState('')
  const shown = on.length > 0 ? on : inherited.length > 0 ? inherited : defaultTriggers
  const name = (trigger: string) => (isKnown(trigger) ? t(`trigger.${trigger}`) : trigger)
  const toggle = (trigger: string) => onChange(shown.includes(trigger) ? shown.filter((s) => s !== trigger) : [...shown, trigger])
  const addCodes = () => {
    const fresh = codes.split(/[\s,，]+/).filter((code) => code && !shown.includes(code))
    if (fresh.length > 0) onChange([...shown, ...fresh])
    setCodes('')
  }
  return (
    <div className={cx(!plain && 'pl-4')}>
      <div className="flex flex-wrap items-center gap-1.5">
        {!plain && <ArrowDown aria-hidden className="mr-1 size-4 text-ink3" />}
        <span className="sr-only">{label}</span>
        {shown.map((trigger) => (
          <span key={trigger} className="rounded-full bg-warnbg px-2 py-px font-medium text-[0.86rem] text-warn">
            {name(trigger)}
          </span>
        ))}
        <Button
          size="sm"
          look="quiet"
          icon={Pencil}
          aria-expanded={open}
          aria-label={`${label}: ${t('routes.editConditions')}`}
          onClick={() => setOpen(!open)}
        >
          {t('routes.editConditions')}
        </Button>
      </div>
      {open && (
        <div className="mt-2 space-y-3 rounded-xl border border-line bg-sunken p-3.5">
          <div role="group" aria-label={label} className="flex flex-wrap gap-1.5">
            {[...known, ...shown.filter((s) => !isKnown(s))].map((trigger) => (
              <button
                key={trigger}
                type="button"
                aria-pressed={shown.includes(trigger)}
                onClick={() => toggle(trigger)}
                className={cx(
                  'min-h-8 rounded-full border px-3 text-[0.93rem]',
                  shown.includes(trigger)
                    ? 'border-accent bg-tint font-medium text-accent'
                    : 'border-line2 bg-surface text-ink2 hover:text-ink',
                )}
              >
                {name(trigger)}
              </button>
            ))}
          </div>
          <div className="flex items-end gap-2">
            <TextField label={t('routes.codes')} placeholder="409, 529" value={codes} onChange={setCodes} className="flex-1" mono />
            <Button disabled={!codes.trim()} onClick={addCodes}>
              {t('common.add')}
            </Button>
          </div>
          {on.length > 0 && (
            <Button size="sm" look="quiet" onClick={() => onChange([])}>
              {t('routes.defaultConditions')}
            </Button>
          )}
          {shown.includes('content_filter') && <Notice>{t('routes.filterWarning')}</Notice>}
        </div>
      )}
      {error && (
        <p role="alert" className="mt-1 text-bad">
          {error}
        </p>
      )}
    </div>
  )
}

function isKnown(trigger: string): trigger is Known {
  return known.includes(trigger)
}
