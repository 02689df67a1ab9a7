import { useTranslation } from 'react-i18next'
import type { Live, Overview } from '@/api/client'
import { span, useFormat } from '@/lib/format'
import { Disclosure } from '@/ui/Plain'

/** What goes on at this moment. */
export function Now({ live }: { live: Live | undefined }) {
  const { t } = useTranslation()
  const f = useFormat()
  if (!live) return null
  const figures: [string, string][] = [
    [t('overview.inFlight'), f.number(live.in_flight)],
    [t('overview.perSecond'), f.decimal(live.requests_per_s)],
    [t('overview.tokensIn'), `${f.compact(live.tokens_in_per_s)}/s`],
    [t('overview.tokensOut'), `${f.compact(live.tokens_out_per_s)}/s`],
  ]
  return (
    <dl data-testid="now" className="flex flex-wrap items-center gap-x-5 gap-y-0.5 px-1 text-[0.93rem]">
      {figures.map(([name, value]) => (
        <div key={name} className="flex gap-1.5">
          <dt className="text-ink3">{name}</dt>
          <dd className="font-medium tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** How the program itself does. */
export function SystemRow({ system, now }: { system: Overview['system']; now: Overview['now'] }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { queue, database } = system
  const figures: [string, string][] = [
    [t('overview.uptime'), span(system.uptime_s)],
    ['CPU', system.cpu_percent === null ? '–' : `${f.decimal(system.cpu_percent)}%`],
    [t('system.memory'), f.bytes(system.memory_bytes)],
    [t('system.heap'), f.bytes(system.heap_bytes)],
    [t('system.goroutines'), f.number(system.goroutines)],
    [t('system.bytesIn'), f.bytes(now.bytes_in)],
    [t('system.bytesOut'), f.bytes(now.bytes_out)],
    [t('system.database'), f.bytes(database.bytes)],
    [t('system.rows'), f.compact(database.rows)],
    [t('system.disk'), database.disk_free_bytes > 0 ? f.bytes(database.disk_free_bytes) : '–'],
    [t('system.waiting'), f.number(queue.waiting)],
    [t('system.dropped'), f.number(queue.shed + queue.failed)],
  ]
  return (
    <Disclosure title={t('system.title')} note={t('system.note', { cpu: figures[1]?.[1] ?? '', memory: figures[2]?.[1] ?? '' })}>
      <dl className="grid grid-cols-2 gap-4 sm:grid-cols-4 xl:grid-cols-6">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt className="text-[0.86rem] text-ink3">{name}</dt>
            <dd className="font-medium tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
    </Disclosure>
  )
}
