import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Overview } from '@/api/client'
import { useFormat } from '@/lib/format'
import { Sparkline } from '@/ui/chart/Sparkline'
import { cx } from '@/ui/cx'
import { type Change, changeOf, type Kpi, kpis } from './figures'
import type { Links } from './useMonitor'

const tones: Record<Change['tone'], string> = { good: 'text-ok', bad: 'text-bad', even: 'text-ink3' }

/** The figures that matter, each with how it went, how it has changed, and a way to what is behind it. */
export function Kpis({ data, links }: { data: Overview; links: Links }) {
  const { t } = useTranslation()
  const show = useShown(data.now.cost.currency || data.before.cost.currency)
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-2xl border border-line bg-surface shadow-card sm:grid-cols-4 min-[87.5rem]:grid-cols-8">
      {kpis(data).map((kpi) => {
        const change = changeOf(kpi)
        const value = show.value(kpi)
        const name = t(`overview.kpi.${kpi.key}`)
        return (
          <div key={kpi.key} className="relative -mt-px -ml-px min-w-0 border-line border-t border-l px-3.5 pt-3 pb-2 hover:bg-sunken">
            <dt className="truncate text-[0.86rem] text-ink2">{name}</dt>
            <dd>
              <span className="flex flex-wrap items-baseline gap-x-2">
                <Link
                  {...links.logs(kpi.filter)}
                  aria-label={`${name}: ${value}`}
                  className="whitespace-nowrap font-semibold text-[1.4rem] tabular-nums leading-snug tracking-tight after:absolute after:inset-0"
                >
                  {value}
                </Link>
                {change && (
                  <span title={t('overview.versus')} className={cx('whitespace-nowrap text-[0.82rem] tabular-nums', tones[change.tone])}>
                    <span aria-hidden>{change.by > 0 ? '↗' : change.by < 0 ? '↘' : '→'} </span>
                    {show.change(change)}
                  </span>
                )}
              </span>
              {kpi.key === 'cost' && data.now.cost.unpriced > 0 && (
                <span className="block truncate text-[0.82rem] text-warn">{t('overview.unpriced', { count: data.now.cost.unpriced })}</span>
              )}
              <Sparkline values={kpi.spark} colour={kpi.colour} floor={kpi.floor} className="mt-1" />
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

function useShown(currency: string) {
  const { t } = useTranslation()
  const f = useFormat()
  const value = ({ key, now }: Kpi): string => {
    if (now === null) return '–'
    switch (key) {
      case 'success':
      case 'cache':
        return f.percent(now)
      case 'ttft':
      case 'duration':
        return f.ms(now)
      case 'cost':
        return f.money(now, currency)
      default:
        return f.compact(now)
    }
  }
  const change = ({ kind, by }: Change): string => {
    const sign = by > 0 ? '+' : by < 0 ? '−' : ''
    const much = Math.abs(by)
    if (kind === 'count') return `${sign}${f.number(Math.round(much))}`
    if (kind === 'points') return t('overview.points', { n: `${sign}${f.decimal(much * 100)}` })
    return `${sign}${f.decimal(much * 100)}%`
  }
  return { value, change }
}
