import { useQueryClient } from '@tanstack/react-query'
import { Pause, Play } from 'lucide-react'
import { Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '@/lib/format'
import { lazily } from '@/lib/lazily'
import { type RangeName, rangeNames, useRange } from '@/lib/range'
import { Button } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { Segmented } from '@/ui/Segmented'

const CustomRange = lazily(() => import('./CustomRange'))

/** The stretch of time a page shows, and whether it follows what happens. */
export function TimeControls({ live }: { live: boolean }) {
  const { t } = useTranslation()
  const f = useFormat()
  const time = useRange()
  const [choosing, setChoosing] = useState(false)
  const { range } = time
  const fixed = 'from' in range ? `${f.minute(range.from.getTime() / 1000)} – ${f.minute(range.to.getTime() / 1000)}` : undefined
  const choose = (name: string) => (name === 'custom' ? setChoosing(true) : time.set({ last: name as RangeName }))
  return (
    <>
      <span className="hidden min-[87.5rem]:block">
        <Segmented
          label={t('range.title')}
          value={'last' in range ? range.last : 'custom'}
          onChange={choose}
          options={[
            ...rangeNames.map((name) => ({ value: name, label: t(`range.${name}`) })),
            { value: 'custom', label: fixed ?? t('range.custom') },
          ]}
        />
      </span>
      <select
        aria-label={t('range.title')}
        value={'last' in range ? range.last : 'custom'}
        onChange={(event) => choose(event.target.value)}
        className="h-9 max-w-24 rounded-lg border border-line bg-surface px-2 text-[0.93rem] text-ink2 hover:bg-sunken sm:max-w-none min-[87.5rem]:hidden"
      >
        {rangeNames.map((name) => (
          <option key={name} value={name}>
            {t(`range.${name}`)}
          </option>
        ))}
        <option value="custom">{fixed ?? t('range.custom')}</option>
        {fixed && <option value="custom ">{t('range.custom')}</option>}
      </select>
      {live && (
        <Button
          size="sm"
          className="mx-1 h-9 max-sm:px-2"
          aria-pressed={time.live}
          title={time.live ? t('range.pause') : t('range.resume')}
          onClick={() => (time.live || time.paused ? time.setPaused(!time.paused) : time.set({ last: '1h' }))}
        >
          {time.live ? <Pause aria-hidden className="size-4" /> : <Play aria-hidden className="size-4" />}
          <span aria-hidden className={cx('size-2 rounded-full', time.live ? 'bg-stripok' : 'bg-line2')} />
          <span className="max-sm:sr-only">{time.live ? t('range.live') : t('range.paused')}</span>
        </Button>
      )}
      <Suspense>{choosing && <CustomRange onClose={() => setChoosing(false)} />}</Suspense>
    </>
  )
}

/** How old what is shown is. */
export function Freshness() {
  const { t } = useTranslation()
  const f = useFormat()
  const client = useQueryClient()
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const times = client
    .getQueryCache()
    .findAll({ type: 'active', predicate: (query) => ['monitor', 'requests'].includes(String(query.queryKey[0])) })
    .map((query) => query.state.dataUpdatedAt)
  const at = Math.max(0, ...times)
  if (at === 0) return null
  return (
    <span className="truncate text-[0.86rem] text-ink3 tabular-nums max-md:hidden">
      {t('range.updated', { when: f.ago(new Date(at).toISOString(), Math.max(now, at)) })}
    </span>
  )
}
