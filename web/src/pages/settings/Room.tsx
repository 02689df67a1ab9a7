import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/api/client'
import { queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { Card } from '@/ui/Card'
import { Loading } from '@/ui/Feedback'

const gib = 2 ** 30

/** The most that something may take: what was set, or the default; none: any size. */
function most(set: number | undefined, normal: number): number | undefined {
  if (!set) return normal
  return set < 0 ? undefined : set
}

/** How much room the records take now, beside what they may. */
export function Room({ settings }: { settings: Schemas['RecordSettings'] | undefined }) {
  const { t } = useTranslation()
  const f = useFormat()
  const size = useQuery(queries.recordSize)
  return (
    <Card title={t('records.room')} note={t('records.roomNote')}>
      <Loading query={size} rows={1}>
        {(now) => (
          <div className="space-y-4">
            <Gauge
              name={t('records.log')}
              used={now.bytes - now.content_bytes}
              most={most(settings?.request_bytes, 10 * gib)}
              colour="fill-s1"
            />
            <Gauge name={t('records.contents')} used={now.content_bytes} most={most(settings?.content_bytes, gib)} colour="fill-s2" />
            <dl className="flex flex-wrap gap-x-6 gap-y-1 text-[0.93rem]">
              {(
                [
                  [t('system.rows'), f.compact(now.rows)],
                  [t('records.oldest'), now.oldest ? f.time(now.oldest) : '–'],
                  [t('records.free'), f.bytes(now.free_bytes)],
                  [t('system.disk'), now.disk_free_bytes > 0 ? f.bytes(now.disk_free_bytes) : '–'],
                ] as const
              ).map(([name, value]) => (
                <div key={name} className="flex gap-1.5">
                  <dt className="text-ink3">{name}</dt>
                  <dd className="font-medium tabular-nums">{value}</dd>
                </div>
              ))}
            </dl>
          </div>
        )}
      </Loading>
    </Card>
  )
}

function Gauge({ name, used, most, colour }: { name: string; used: number; most: number | undefined; colour: string }) {
  const { t } = useTranslation()
  const f = useFormat()
  const share = most ? Math.min(100, (100 * used) / most) : 0
  return (
    <div>
      <div className="mb-1 flex flex-wrap justify-between gap-x-3">
        <span className="font-medium">{name}</span>
        <span className="text-ink2 tabular-nums">
          {most ? t('records.of', { used: f.bytes(used), most: f.bytes(most) }) : `${f.bytes(used)} · ${t('records.unlimited')}`}
        </span>
      </div>
      <svg aria-hidden viewBox="0 0 100 2" preserveAspectRatio="none" className="h-2 w-full overflow-hidden rounded-full bg-line">
        <rect width={used > 0 ? Math.max(share, 0.5) : 0} height="2" className={colour} />
      </svg>
    </div>
  )
}
