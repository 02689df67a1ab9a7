import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Overview as Data, type Status, unwrap } from '@/api/client'
import { queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { ErrorNote, Notice, Skeleton } from '@/ui/Feedback'
import { OutcomeChart, QuantileChart, TokenChart } from './Charts'
import { Errors } from './Errors'
import { Explore } from './Explore'
import { Fallbacks } from './Fallbacks'
import { First } from './First'
import { HealthTable } from './HealthTable'
import { Incidents } from './Incidents'
import { Kpis } from './Kpis'
import { Now, SystemRow } from './Now'
import { Usage } from './Usage'
import { type Links, useLinks, useMonitor } from './useMonitor'

/** How callers fared, and everything that tells why. */
export default function Overview() {
  const { overview, live } = useMonitor()
  const links = useLinks()
  const status = useQuery(queries.status)
  const { data, error } = overview
  return (
    <div className="space-y-4">
      {status.data && <Warnings status={status.data} />}
      {error && (data === undefined || !isLost(error)) && <ErrorNote error={error} retry={() => void overview.refetch()} />}
      {!data && !error && <Outline />}
      {data && (isFirst(data) ? <First /> : <Page data={data} links={links} now={<Now live={live} />} />)}
    </div>
  )
}

function isLost(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 0
}

/** Whether there has never been a request. */
function isFirst({ now, before, system }: Data): boolean {
  return now.requests + before.requests === 0 && system.database.rows + system.queue.written + system.queue.waiting === 0
}

function Page({ data, links, now }: { data: Data; links: Links; now: React.ReactNode }) {
  const { t } = useTranslation()
  const bands = useMemo(
    () =>
      data.incidents.map((i) => ({ from: Date.parse(i.from) / 1000, to: Date.parse(i.to) / 1000, label: i.provider || said(i.message) })),
    [data],
  )
  const marks = useMarks(data)
  const charts = { data, links, bands, marks }
  return (
    <>
      {now}
      <Incidents data={data} links={links} />
      <Kpis data={data} links={links} />
      {data.now.requests === 0 && <Notice tone="info">{t('overview.quiet')}</Notice>}
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-3">
        <OutcomeChart {...charts} className="min-w-0 xl:col-span-2" />
        <Errors data={data} links={links} />
        <div className="grid min-w-0 grid-cols-1 gap-4 lg:grid-cols-2 xl:col-span-3">
          <QuantileChart {...charts} kind="ttft" />
          <QuantileChart {...charts} kind="duration" />
        </div>
        <TokenChart {...charts} className="min-w-0 xl:col-span-2" />
        <Usage data={data} links={links} />
        <HealthTable links={links} className="min-w-0 xl:col-span-2" />
        <Fallbacks links={links} />
      </div>
      <Explore links={links} bands={bands} marks={marks} />
      <Changes marks={marks} />
      <SystemRow system={data.system} now={data.now} />
    </>
  )
}

/** When the configuration was changed within the time shown. */
function useMarks({ span }: Data) {
  const changes = useQuery({
    queryKey: ['revisions', 'marks'],
    queryFn: async () => (await unwrap(api.GET('/api/revisions', { params: { query: { limit: 100 } } }))).revisions,
    staleTime: 30_000,
  }).data
  return useMemo(
    () =>
      (changes ?? [])
        .filter((c) => c.at >= span.from && c.at <= span.to)
        .map((c) => ({ at: Date.parse(c.at) / 1000, label: said(c.summary) })),
    [changes, span.from, span.to],
  )
}

/** The dashed lines in the charts, in words. */
function Changes({ marks }: { marks: { at: number; label: string }[] }) {
  const { t } = useTranslation()
  const f = useFormat()
  if (marks.length === 0) return null
  return (
    <p className="px-1 text-[0.93rem] text-ink2">
      {t('overview.changesIn', { count: marks.length })}{' '}
      {marks
        .slice(0, 3)
        .map((m) => `${f.minute(m.at)} ${m.label}`)
        .join(' · ')}{' '}
      <Link to="/audit" className="font-medium text-accent hover:underline">
        {t('overview.all')}
      </Link>
    </p>
  )
}

function Warnings({ status }: { status: Status }) {
  const { t } = useTranslation()
  return status.warnings.map((warning) => (
    <Notice key={warning.code + warning.message}>
      {warning.code === 'access_open' ? (
        <>
          {t('settings.openWarning')}{' '}
          <Link to="/settings" className="font-medium underline">
            {t('overview.changeAccess')}
          </Link>
        </>
      ) : (
        said(warning.message)
      )}
    </Notice>
  ))
}

/** The page's outline while it is on its way. */
function Outline() {
  const { t } = useTranslation()
  return (
    <div role="status" aria-label={t('common.loading')} className="space-y-4">
      <Skeleton className="h-24 w-full rounded-2xl" />
      <div className="grid gap-4 xl:grid-cols-3">
        <Skeleton className="h-80 rounded-2xl xl:col-span-2" />
        <Skeleton className="h-80 rounded-2xl" />
      </div>
      <div className="grid gap-4 lg:grid-cols-2">
        <Skeleton className="h-64 rounded-2xl" />
        <Skeleton className="h-64 rounded-2xl" />
      </div>
    </div>
  )
}
