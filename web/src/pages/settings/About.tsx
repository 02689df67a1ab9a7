import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { span, useFormat } from '@/lib/format'
import { Card } from '@/ui/Card'
import { Loading } from '@/ui/Feedback'
import { Licences } from './Licences'

export function About() {
  const { t } = useTranslation()
  const f = useFormat()
  const status = useQuery(queries.status)
  return (
    <Loading query={status}>
      {(data) => {
        const facts: [string, string][] = [
          [t('about.version'), data.version],
          [t('about.commit'), data.commit],
          ['Go', data.go],
          [t('about.started'), `${f.time(data.started_at)} (${span(data.uptime_s)})`],
          [t('about.data'), data.data_dir],
          ...(data.records ? [[t('about.records'), f.number(data.records.written)] as [string, string]] : []),
        ]
        return (
          <div className="space-y-4">
            <Card title={t('settings.tab.about')}>
              <dl className="divide-y divide-line">
                {facts.map(([name, value]) => (
                  <div key={name} className="flex flex-wrap gap-x-4 py-2">
                    <dt className="w-40 text-ink2">{name}</dt>
                    <dd className="min-w-0 flex-1 break-all font-mono text-[0.93rem]">{value}</dd>
                  </div>
                ))}
              </dl>
            </Card>
            <Licences />
          </div>
        )
      }}
    </Loading>
  )
}
