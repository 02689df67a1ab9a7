import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { useFormat } from '@/lib/format'
import { termFor } from '@/pages/logs/filter'
import { Card } from '@/ui/Card'
import { Sparkline } from '@/ui/chart/Sparkline'

/** How a route has done for a day; nothing while that is not known. */
export function RouteDay({ name }: { name: string }) {
  const { t } = useTranslation()
  const f = useFormat()
  const day = useQuery({
    queryKey: ['monitor', 'route', name],
    queryFn: () => unwrap(api.GET('/api/monitor/overview', { params: { query: { range: '24h', route: [name] } } })),
    staleTime: 30_000,
  }).data
  if (!day) return null
  const figures = [
    ['requests', day.now.requests, ''],
    ['rescued', day.now.rescued, ' status:rescued'],
    ['failed', day.now.failed, ' status:failed'],
  ] as const
  const all = day.chart.times.map((_, i) => (day.chart.ok[i] ?? 0) + (day.chart.rescued[i] ?? 0) + (day.chart.failed[i] ?? 0))
  return (
    <Card title={t('routes.day')}>
      <dl className="grid grid-cols-3 gap-3">
        {figures.map(([key, n, filter]) => (
          <div key={key}>
            <dt className="text-[0.86rem] text-ink3">{t(key === 'requests' ? 'overview.kpi.requests' : `logs.outcome.${key}`)}</dt>
            <dd>
              <Link
                to="/logs"
                search={{ q: termFor('route', name) + filter, range: '24h' } as never}
                className="font-semibold text-[1.3rem] tabular-nums hover:text-accent hover:underline"
              >
                {f.number(n)}
              </Link>
            </dd>
          </div>
        ))}
      </dl>
      <Sparkline values={all} colour="s1" className="mt-2" />
    </Card>
  )
}
