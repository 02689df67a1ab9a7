import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Boxes } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Provider, Status } from '@/api/client'
import { queries } from '@/api/queries'
import { span, useFormat } from '@/lib/format'
import { inLanguage } from '@/lib/vendors'
import { ProviderBadge, providerState } from '@/parts/keyState'
import { modelChoices } from '@/parts/models'
import { OutcomeBadge } from '@/parts/outcome'
import { Snippets } from '@/parts/Snippets'
import { Card } from '@/ui/Card'
import { Empty, Loading, Notice, SkeletonRows } from '@/ui/Feedback'
import { VendorMark } from '@/ui/VendorMark'

/** What is known now: the program, the doors, the providers, the last changes. */
export default function Overview() {
  const { t } = useTranslation()
  const status = useQuery(queries.status)
  const providers = useQuery(queries.providers)
  const routes = useQuery(queries.routes).data ?? []
  const vendors = useQuery(queries.vendors).data ?? []
  const model = modelChoices(providers.data ?? [], routes, vendors)[0]?.value
  return (
    <div className="space-y-4">
      <Loading query={status} rows={2}>
        {(data) => (
          <>
            <Warnings status={data} />
            <Figures status={data} providers={providers.data} routes={routes.length} />
          </>
        )}
      </Loading>
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
        <div className="min-w-0 space-y-4">
          <Card title={t('overview.providers')} actions={<More to="/providers" />} flush>
            <Loading query={providers}>{(list) => (list.length > 0 ? <ProviderList providers={list} /> : <NoProviders />)}</Loading>
          </Card>
          <Latest />
          <Recent />
        </div>
        <div className="min-w-0">
          {model && (
            <Card title={t('overview.call')} note={t('snippets.note')}>
              <Snippets model={model} />
            </Card>
          )}
        </div>
      </div>
    </div>
  )
}

function More({ to }: { to: string }) {
  const { t } = useTranslation()
  return (
    <Link to={to} className="font-medium text-accent hover:underline">
      {t('overview.all')}
    </Link>
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
        warning.message
      )}
    </Notice>
  ))
}

function Figures({ status, providers, routes }: { status: Status; providers: Provider[] | undefined; routes: number }) {
  const { t } = useTranslation()
  const f = useFormat()
  const keys = (providers ?? []).flatMap((p) => p.keys).filter((k) => k.enabled)
  const working = keys.filter((k) => k.state === 'ok').length
  const figures: [string, string, string?, string?][] = [
    [t('overview.inFlight'), f.number(status.in_flight)],
    [t('overview.served'), f.number(status.records?.written ?? 0), t('overview.sinceStart'), ''],
    [t('overview.keysWorking'), providers ? `${f.number(working)} / ${f.number(keys.length)}` : '–', undefined, '-status:ok'],
    [t('routes.title'), f.number(routes)],
    [t('overview.uptime'), span(status.uptime_s), status.version],
  ]
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-2xl border border-line bg-surface shadow-card sm:grid-cols-3 lg:grid-cols-5">
      {figures.map(([name, value, note, filter]) => (
        <div key={name} className="-mt-px -ml-px border-line border-t border-l px-4 py-3.5">
          <dt className="text-[0.93rem] text-ink2">{name}</dt>
          <dd>
            <span className="block font-semibold text-[1.6rem] tabular-nums leading-tight tracking-tight">
              {filter === undefined ? (
                value
              ) : (
                <Link
                  to="/logs"
                  search={{ q: filter } as never}
                  aria-label={`${name}: ${value}`}
                  className="hover:text-accent hover:underline"
                >
                  {value}
                </Link>
              )}
            </span>
            {note && <span className="text-[0.86rem] text-ink3">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function ProviderList({ providers }: { providers: Provider[] }) {
  const { t, i18n } = useTranslation()
  const vendors = useQuery(queries.vendors).data ?? []
  return (
    <ul className="divide-y divide-line border-line border-t">
      {providers.map((provider) => {
        const vendor = vendors.find((v) => v.id === provider.vendor)
        const name = vendor ? inLanguage(vendor.name, i18n.language) : provider.vendor
        const out = provider.keys.find((k) => k.enabled && k.state !== 'ok')
        return (
          <li key={provider.id}>
            <Link to="/providers" search={{ id: provider.id } as never} className="flex items-center gap-3 px-4 py-2.5 hover:bg-sunken">
              <VendorMark id={provider.vendor} name={name} className="size-8" />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{provider.name}</span>
                <span className="block truncate text-[0.93rem] text-ink2">
                  {out?.reason ?? `${name} · ${t('overview.keyCount', { count: provider.keys.length })}`}
                </span>
              </span>
              <ProviderBadge state={providerState(provider, vendor?.key_optional ?? false)} />
            </Link>
          </li>
        )
      })}
    </ul>
  )
}

function NoProviders() {
  const { t } = useTranslation()
  return (
    <div className="px-4 pb-4">
      <Empty
        icon={Boxes}
        title={t('providers.emptyTitle')}
        action={
          <Link to="/providers" search={{ new: '1' } as never} className="font-medium text-accent underline">
            {t('providers.add')}
          </Link>
        }
      >
        {t('providers.empty')}
      </Empty>
    </div>
  )
}

function Latest() {
  const { t } = useTranslation()
  const f = useFormat()
  const calls = useQuery(queries.latest).data
  if (!calls?.length) return null
  return (
    <Card title={t('logs.latest')} actions={<More to="/logs" />} flush>
      <ul className="divide-y divide-line border-line border-t">
        {calls.map((call) => (
          <li key={call.id}>
            <Link to="/logs" search={{ id: call.id } as never} className="flex items-center gap-3 px-4 py-2 hover:bg-sunken">
              <OutcomeBadge call={call} />
              <span className="min-w-0 flex-1 truncate">{call.route || call.asked || call.path}</span>
              <span className="text-[0.93rem] text-ink2 tabular-nums">{f.ms(call.duration_ms)}</span>
              <time dateTime={call.at} className="text-[0.93rem] text-ink3 tabular-nums">
                {f.clock(call.at)}
              </time>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function Recent() {
  const { t } = useTranslation()
  const f = useFormat()
  const recent = useQuery(queries.recent)
  return (
    <Card title={t('overview.changes')} actions={<More to="/audit" />} flush>
      {recent.data ? (
        <ul className="divide-y divide-line border-line border-t">
          {recent.data.map((revision) => (
            <li key={revision.id} className="flex flex-wrap items-baseline gap-x-3 px-4 py-2">
              <span className="min-w-0 flex-1 break-words">{revision.summary}</span>
              <span className="text-[0.93rem] text-ink3">
                {revision.actor.name} · <time dateTime={revision.at}>{f.ago(revision.at)}</time>
              </span>
            </li>
          ))}
          {recent.data.length === 0 && <li className="px-4 py-3 text-ink2">{t('audit.emptyTitle')}</li>}
        </ul>
      ) : (
        <SkeletonRows rows={3} />
      )}
    </Card>
  )
}
