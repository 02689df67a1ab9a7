import { useTranslation } from 'react-i18next'
import type { Overview } from '@/api/client'
import { useFormat } from '@/lib/format'
import { useParam } from '@/lib/params'
import { termFor } from '@/pages/logs/filter'
import { Card } from '@/ui/Card'
import { BarList } from '@/ui/chart/BarList'
import { Segmented } from '@/ui/Segmented'
import type { Links } from './useMonitor'

const dimensions = ['provider', 'model', 'consumer', 'route'] as const
type Dimension = (typeof dimensions)[number]
const lists = { provider: 'providers', model: 'models', consumer: 'consumers', route: 'routes' } as const

/** Who used how much: tokens in and out, their part of the whole, and what they cost. */
export function Usage({ data, links }: { data: Overview; links: Links }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [asked, setBy] = useParam('usage')
  const by: Dimension = dimensions.find((d) => d === asked) ?? 'provider'
  const rows = data[lists[by]].map((row) => {
    const { tokens, cost } = row.now
    const input = tokens.input + tokens.cache_read + tokens.cache_write
    return { row, input, output: tokens.output, cost }
  })
  const total = rows.reduce((n, r) => n + r.input + r.output, 0)
  return (
    <Card
      title={t('overview.usage')}
      note={t('overview.usageNote', { n: f.compact(total) })}
      actions={
        <Segmented
          label={t('overview.by')}
          value={by}
          options={dimensions.map((d) => ({ value: d, label: t(`overview.dimension.${d}`) }))}
          onChange={(next) => setBy(next === 'provider' ? undefined : next)}
        />
      }
    >
      {rows.length === 0 && <p className="text-ink2">{t('chart.nothing')}</p>}
      <BarList
        colours={['s1', 's2']}
        bars={rows.map(({ row, input, output, cost }) => ({
          key: row.other ? '\u0000' : row.name,
          label: row.other ? t('overview.othersN', { count: row.count ?? 0 }) : row.name || t('logs.none_'),
          parts: [input, output],
          figures: [
            `${f.compact(input)} / ${f.compact(output)}`,
            total > 0 ? `${Math.round(((input + output) / total) * 100)}%` : '–',
            cost.currency ? `${f.money(cost.amount, cost.currency)}${cost.unpriced > 0 ? ' +?' : ''}` : '–',
          ],
          link: row.other ? undefined : links.logs(termFor(by, row.name)),
        }))}
      />
      <p className="mt-3 flex gap-4 text-[0.86rem] text-ink2">
        <span className="flex items-center gap-1.5">
          <span aria-hidden className="h-2.5 w-3 rounded-sm bg-s1" />
          {t('overview.tokensIn')}
        </span>
        <span className="flex items-center gap-1.5">
          <span aria-hidden className="h-2.5 w-3 rounded-sm bg-s2" />
          {t('overview.tokensOut')}
        </span>
      </p>
    </Card>
  )
}
