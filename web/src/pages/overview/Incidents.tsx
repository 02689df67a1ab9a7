import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Overview } from '@/api/client'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { termFor } from '@/pages/logs/filter'
import { cx } from '@/ui/cx'
import type { Links } from './useMonitor'

type Incident = Overview['incidents'][number]

/** What goes or went wrong: what is open first, then the latest. */
export function Incidents({ data, links }: { data: Overview; links: Links }) {
  const { t } = useTranslation()
  const list = [...data.incidents].sort((a, b) => Number(b.open) - Number(a.open) || b.from.localeCompare(a.from))
  if (list.length === 0) return null
  return (
    <ul aria-label={t('overview.incidents')} className="space-y-1.5">
      {list.slice(0, 3).map((incident) => (
        <Banner key={`${incident.kind} ${incident.provider} ${incident.from}`} incident={incident} links={links} />
      ))}
      {list.length > 3 && <li className="px-3.5 text-[0.93rem] text-ink3">{t('overview.moreIncidents', { count: list.length - 3 })}</li>}
    </ul>
  )
}

function Banner({ incident, links }: { incident: Incident; links: Links }) {
  const { t } = useTranslation()
  const f = useFormat()
  const from = new Date(incident.from).getTime() / 1000
  const to = new Date(incident.to).getTime() / 1000
  const failing = incident.kind === 'failing'
  const q = incident.provider ? `${termFor('provider', incident.provider)} class:*` : 'status:failed'
  const who = incident.provider || t('overview.someone')
  const what = failing
    ? t('overview.callersFailed', { count: incident.failed, n: f.number(incident.failed), who })
    : t('overview.providerFailed', { count: incident.failed, n: f.number(incident.failed), who })
  return (
    <li
      className={cx(
        'flex flex-wrap items-center gap-x-3 gap-y-1 rounded-xl px-3.5 py-2.5',
        !incident.open ? 'border border-line bg-surface text-ink2' : failing ? 'bg-badbg text-bad' : 'bg-warnbg text-warn',
      )}
    >
      <TriangleAlert aria-hidden className="size-[1.15rem] shrink-0" />
      <span className="min-w-0 flex-1 basis-64 break-words">
        <span className="font-medium">{what}</span>{' '}
        {incident.rescued > 0 && t('overview.rescuedMeanwhile', { count: incident.rescued, n: f.number(incident.rescued) })}{' '}
        <span className="opacity-85">
          {incident.open ? t('overview.since', { when: f.minute(from) }) : `${f.minute(from)} – ${f.minute(to)}`}
          {incident.message && ` · ${said(incident.message)}`}
        </span>
      </span>
      <Link {...links.within(from, to, q)} className="font-medium underline">
        {t('overview.inspect')}
      </Link>
    </li>
  )
}
