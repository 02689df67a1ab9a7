import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { Facets } from '@/api/client'
import { useFormat } from '@/lib/format'
import { classText } from '@/parts/failure'
import { outcomes } from '@/parts/outcome'
import { cx } from '@/ui/cx'
import { type Field, valuesOf, withField } from './filter'

const listed = ['outcome', 'route', 'provider', 'model', 'consumer', 'class'] as const

interface Props {
  facets: Facets
  text: string
  onChange: (text: string) => void
}

/** What there is to choose from, with how many requests each has. */
export function FacetPanel({ facets, text, onChange }: Props) {
  const { t } = useTranslation()
  const f = useFormat()
  const title = {
    outcome: t('logs.status'),
    route: t('chat.route'),
    provider: t('routes.provider'),
    model: t('chat.model'),
    consumer: t('dryRun.consumer'),
    class: t('logs.cause'),
  }
  return (
    <div className="grid grid-cols-2 gap-x-4 gap-y-4 sm:grid-cols-3 xl:grid-cols-1">
      {listed.map((name) => {
        const field: Field = name === 'outcome' ? 'status' : name
        const chosen = valuesOf(text, field)
        const found = facets[name].filter((facet) => facet.value !== '' || facets[name].length > 1)
        if (found.length === 0) return null
        const most = Math.max(...found.map((facet) => facet.requests))
        return (
          <fieldset key={name} className="min-w-0">
            <legend className="mb-1 font-medium text-[0.86rem] text-ink3">{title[name]}</legend>
            <ul className="space-y-px">
              {found.slice(0, 8).map(({ value, requests }) => {
                const on = chosen.includes(value)
                const label =
                  name === 'outcome' ? outcomeName(t, value) : name === 'class' && value ? classText(t, value) : value || t('logs.none_')
                return (
                  <li key={value}>
                    <button
                      type="button"
                      aria-pressed={on}
                      onClick={() => onChange(withField(text, field, on ? chosen.filter((v) => v !== value) : [...chosen, value]))}
                      className={cx(
                        'relative flex w-full items-center gap-2 overflow-hidden rounded-md px-2 py-1 text-left text-[0.93rem]',
                        on ? 'bg-tint font-medium text-accent' : 'text-ink2 hover:bg-sunken hover:text-ink',
                      )}
                    >
                      <span title={value || undefined} className="min-w-0 flex-1 truncate">
                        {label}
                      </span>
                      <span className="text-[0.86rem] tabular-nums">{f.compact(requests)}</span>
                      <span
                        aria-hidden
                        className="absolute bottom-0 left-0 h-0.5 bg-served opacity-60"
                        style={{ width: `${(requests / most) * 100}%` }}
                      />
                    </button>
                  </li>
                )
              })}
            </ul>
          </fieldset>
        )
      })}
    </div>
  )
}

function outcomeName(t: TFunction, value: string): string {
  const known = outcomes.find((o) => o === value)
  return known ? t(`logs.outcome.${known}`) : value
}
