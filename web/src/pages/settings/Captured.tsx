import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Route } from '@/api/client'
import { queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { Card } from '@/ui/Card'
import { Loading } from '@/ui/Feedback'

/** The routes whose prompts and answers are kept, and how. */
export function Captured() {
  const { t } = useTranslation()
  const routes = useQuery(queries.routes)
  return (
    <Card title={t('capture.title')} note={t('records.captureNote')}>
      <Loading query={routes} rows={1}>
        {(all) => {
          const on = all.filter((route) => route.capture?.on)
          if (on.length === 0) {
            return (
              <p className="text-ink2">
                {t('records.noCapture')}{' '}
                <Link to="/routes" className="font-medium text-accent underline">
                  {t('logs.toRoutes')}
                </Link>
              </p>
            )
          }
          return (
            <ul className="divide-y divide-line">
              {on.map((route) => (
                <Kept key={route.id} route={route} />
              ))}
            </ul>
          )
        }}
      </Loading>
    </Card>
  )
}

function Kept({ route }: { route: Route }) {
  const { t } = useTranslation()
  const f = useFormat()
  const capture = route.capture ?? {}
  const facts = [
    f.percent((capture.permille || 1000) / 1000),
    t('records.upTo', { size: f.bytes(capture.bytes || 64 * 1024) }),
    t('records.keptFor', { time: capture.keep || '168h' }),
    capture.patterns?.length ? t('records.own', { count: capture.patterns.length }) : '',
  ]
  return (
    <li className="flex flex-wrap items-baseline justify-between gap-x-4 py-2">
      <Link to="/routes/$id" params={{ id: route.id }} className="break-all font-medium text-accent hover:underline">
        {route.name}
      </Link>
      <span className="text-[0.93rem] text-ink2">{facts.filter(Boolean).join(' · ')}</span>
    </li>
  )
}
