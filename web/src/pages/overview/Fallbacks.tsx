import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, type Call, unwrap } from '@/api/client'
import { useFormat } from '@/lib/format'
import { useRange } from '@/lib/range'
import { rangeQuery } from '@/pages/logs/useLog'
import { classText } from '@/parts/failure'
import { OutcomeBadge } from '@/parts/outcome'
import { Card } from '@/ui/Card'
import { Loading } from '@/ui/Feedback'
import type { Links } from './useMonitor'

/** The first try that failed and who took over; how much later than the first try the last one began. */
export function takeover(call: Pick<Call, 'attempts'>): { from: string; to: string; cause: string; addedMs: number } | undefined {
  const first = call.attempts.find((a) => a.class)
  const last = call.attempts.at(-1)
  if (!first || !last) return undefined
  const name = (a: { provider: string; model: string }) => `${a.provider}/${a.model}`
  return { from: name(first), to: name(last), cause: first.class, addedMs: last.start_ms - (call.attempts[0]?.start_ms ?? 0) }
}

/** The latest requests for which another target was asked. */
export function Fallbacks({ links }: { links: Links }) {
  const { t } = useTranslation()
  const time = useRange()
  const latest = useQuery({
    queryKey: ['monitor', 'fallbacks', time.id],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/api/requests', { params: { query: { ...rangeQuery(time.range), fallback: 'true', limit: 8 } }, signal })))
        .requests,
    placeholderData: (old) => old,
  })
  return (
    <Card
      title={t('overview.fallbacks')}
      flush
      actions={
        <Link {...links.logs('fallback:true')} className="font-medium text-accent hover:underline">
          {t('overview.all')}
        </Link>
      }
    >
      <Loading query={latest} rows={3}>
        {(calls) =>
          calls.length === 0 ? (
            <p className="px-4 pb-4 text-ink2">{t('overview.noFallbacks')}</p>
          ) : (
            <ul className="divide-y divide-line border-line border-t">
              {calls.map((call) => (
                <Row key={call.id} call={call} />
              ))}
            </ul>
          )
        }
      </Loading>
    </Card>
  )
}

function Row({ call }: { call: Call }) {
  const { t } = useTranslation()
  const f = useFormat()
  const event = takeover(call)
  if (!event) return null
  const target = 'truncate rounded bg-sunken px-1.5 font-mono text-[0.86rem]'
  return (
    <li className="relative grid grid-cols-[1fr_auto] items-center gap-x-3 gap-y-0.5 px-4 py-1.5 hover:bg-sunken">
      <Link to="/logs" search={{ id: call.id } as never} className="flex min-w-0 items-center gap-1.5 after:absolute after:inset-0">
        <span className={target}>{event.from}</span>
        <ArrowRight aria-label={t('routes.thenFallback')} className="size-3.5 shrink-0 text-ink3" />
        <span className={target}>{event.to}</span>
      </Link>
      <OutcomeBadge call={call} />
      <span className="truncate text-[0.86rem] text-ink3">
        <time dateTime={call.at} className="tabular-nums">
          {f.clock(call.at)}
        </time>{' '}
        · {call.route || call.asked} · {classText(t, event.cause)}
      </span>
      <span className="text-right text-[0.86rem] text-ink3 tabular-nums" title={t('overview.added')}>
        +{f.ms(event.addedMs)}
      </span>
    </li>
  )
}
