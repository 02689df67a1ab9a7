import { useQuery } from '@tanstack/react-query'
import { Activity, Boxes, Plus } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, type Health, type Provider, type Route, unwrap, type Vendor } from '@/api/client'
import { queries } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { useParam, useSetParams } from '@/lib/params'
import { inLanguage } from '@/lib/vendors'
import { ProviderBadge, providerState } from '@/parts/keyState'
import { cellOf } from '@/parts/strip'
import { Button } from '@/ui/Button'
import { Strip } from '@/ui/chart/Strip'
import { cx } from '@/ui/cx'
import { Empty, Loading } from '@/ui/Feedback'
import { PageHead } from '@/ui/PageHead'
import { VendorMark } from '@/ui/VendorMark'
import { NewProvider } from './NewProvider'
import { ProviderSheet } from './ProviderSheet'
import { TestAll } from './TestAll'
import { usedBy } from './usedBy'

export default function Providers() {
  const { t } = useTranslation()
  const providers = useQuery(queries.providers)
  const vendors = useQuery(queries.vendors).data ?? []
  const routes = useQuery(queries.routes).data ?? []
  const [id] = useParam('id')
  const [making] = useParam('new')
  const [testing] = useParam('test')
  const setParams = useSetParams()
  const open = providers.data?.find((p) => p.id === id)
  const add = (
    <Button look="primary" icon={Plus} onClick={() => setParams({ new: '1', id: undefined })}>
      {t('providers.add')}
    </Button>
  )
  return (
    <>
      <PageHead
        intro={t('providers.intro')}
        actions={
          providers.data?.length ? (
            <>
              <Button icon={Activity} onClick={() => setParams({ test: '1' })}>
                {t('providers.testAll')}
              </Button>
              {add}
            </>
          ) : undefined
        }
      />
      <Loading query={providers}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={Boxes} title={t('providers.emptyTitle')} action={add}>
              {t('providers.empty')}
            </Empty>
          ) : (
            <List providers={list} vendors={vendors} routes={routes} onOpen={(p) => setParams({ id: p.id })} />
          )
        }
      </Loading>
      {open && (
        <ProviderSheet
          key={open.id}
          provider={open}
          vendor={vendors.find((v) => v.id === open.vendor)}
          onClose={() => setParams({ id: undefined })}
          onDuplicate={() => setParams({ id: undefined, new: open.id })}
        />
      )}
      {testing && <TestAll providers={(providers.data ?? []).filter((p) => p.enabled)} onClose={() => setParams({ test: undefined })} />}
      {making && providers.data && (
        <NewProvider
          vendors={vendors}
          from={providers.data?.find((p) => p.id === making)}
          taken={providers.data.map((p) => p.name)}
          onClose={() => setParams({ new: undefined })}
          onMade={(made) => setParams({ new: undefined, id: made.id })}
        />
      )}
    </>
  )
}

interface ListProps {
  providers: Provider[]
  vendors: Vendor[]
  routes: Route[]
  onOpen: (provider: Provider) => void
}

/** A table, or a card for each where there is no room for one. */
function List({ providers, vendors, routes, onOpen }: ListProps) {
  const { t, i18n } = useTranslation()
  const day = useQuery({
    queryKey: ['monitor', 'health', '24h'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/monitor/health', { params: { query: { range: '24h' } }, signal })),
    refetchInterval: 15_000,
  }).data
  const spent = useQuery({
    queryKey: ['monitor', 'top', 'provider', '24h'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/monitor/top', { params: { query: { range: '24h', by: 'provider', sort: 'cost', limit: 200 } }, signal })),
    refetchInterval: 60_000,
  }).data
  const rows = providers.map((provider) => {
    const vendor = vendors.find((v) => v.id === provider.vendor)
    return {
      provider,
      vendorName: vendor ? inLanguage(vendor.name, i18n.language) : provider.vendor,
      state: providerState(provider, vendor?.key_optional ?? false),
      models: provider.models.length || (vendor ? t('providers.known', { count: vendor.models.length }) : 0),
      routes: usedBy(routes, provider.name).length,
    }
  })
  const columns = ['name', 'state', 'day', 'keys', 'models', 'routes'] as const
  return (
    <div className="overflow-hidden rounded-2xl border border-line bg-surface shadow-card max-sm:border-0 max-sm:bg-transparent max-sm:shadow-none">
      <table className="block w-full text-left sm:table">
        <thead className="max-sm:sr-only">
          <tr className="border-line border-b text-[0.93rem] text-ink2">
            {columns.map((column) => (
              <th key={column} scope="col" className={cx('px-4 py-2.5 font-medium', column === 'day' && 'sm:max-lg:hidden')}>
                {t(`providers.column.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="block space-y-3 sm:table-row-group">
          {rows.map(({ provider, vendorName, state, models, routes: used }) => (
            <tr
              key={provider.id}
              className="relative block rounded-2xl border border-line bg-surface p-3 hover:bg-sunken sm:table-row sm:rounded-none sm:border-0 sm:border-b sm:last:border-b-0"
            >
              <th scope="row" className="block font-normal sm:table-cell sm:px-4 sm:py-3">
                <div className="flex items-center gap-3">
                  <VendorMark id={provider.vendor} name={vendorName} />
                  <div className="min-w-0">
                    <button
                      type="button"
                      onClick={() => onOpen(provider)}
                      className="break-all text-left font-semibold after:absolute after:inset-0 after:rounded-2xl focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-accent"
                    >
                      {provider.name}
                    </button>
                    <p className="text-[0.93rem] text-ink2">{vendorName}</p>
                  </div>
                </div>
              </th>
              <td className="mt-2 inline-block sm:mt-0 sm:table-cell sm:px-4 sm:py-3">
                <ProviderBadge state={state} />
              </td>
              <td className="mt-2 block w-full empty:hidden sm:hidden lg:table-cell lg:w-1/4 lg:px-4 lg:py-3">
                <Day
                  health={day?.providers.find((p) => p.id === provider.id)}
                  cost={spent?.rows?.find((row) => row.name === provider.name)?.now.cost}
                />
              </td>
              <Cell label={t('providers.column.keys')}>{provider.keys.length}</Cell>
              <Cell label={t('providers.column.models')}>{models}</Cell>
              <Cell label={t('providers.column.routes')}>{used}</Cell>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface DayProps {
  health: Health['providers'][number] | undefined
  cost: { amount: number; currency: string } | undefined
}

/** How a provider has done for a day, and what it cost. */
function Day({ health, cost }: DayProps) {
  const { t } = useTranslation()
  const f = useFormat()
  if (!health || health.tries === 0) return <span className="text-ink3">–</span>
  const cells = health.strip.map(cellOf)
  const bad = cells.filter((c) => c === 'bad' || c === 'some').length
  return (
    <div className="space-y-1">
      <Strip cells={cells} label={t('overview.strip', { name: health.name, bad, all: cells.length })} className="max-w-52" />
      <p className="flex flex-wrap gap-x-3">
        <span className="whitespace-nowrap text-[0.93rem] tabular-nums" title={t('overview.success')}>
          {f.percent(1 - health.failed / health.tries)}
        </span>
        {health.duration_ms.p95 !== null && (
          <span className="whitespace-nowrap text-[0.93rem] text-ink2 tabular-nums" title={t('overview.durationShort')}>
            {f.ms(health.duration_ms.p95)}
          </span>
        )}
        {cost?.currency && (
          <span className="whitespace-nowrap text-[0.93rem] text-ink2 tabular-nums" title={t('overview.kpi.cost')}>
            {f.money(cost.amount, cost.currency)}
          </span>
        )}
      </p>
    </div>
  )
}

function Cell({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <td className="ml-4 inline-block tabular-nums sm:ml-0 sm:table-cell sm:px-4 sm:py-3">
      <span className="mr-1 text-[0.93rem] text-ink3 sm:hidden">{label}</span>
      {children}
    </td>
  )
}
