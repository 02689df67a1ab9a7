import { useQuery } from '@tanstack/react-query'
import i18next from 'i18next'
import { Download, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Price, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { useParam } from '@/lib/params'
import { said } from '@/lib/said'
import { inLanguage } from '@/lib/vendors'
import { Badge } from '@/ui/Badge'
import { Button, IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { Loading } from '@/ui/Feedback'
import { PageHead } from '@/ui/PageHead'
import { toast, toastError } from '@/ui/toast'
import { CurrencyCard } from './Currency'
import { PriceDialog } from './PriceDialog'
import { specOf } from './spec'

const mostShown = 200

/** What calls cost: what was entered, then what comes with the program, and what nobody knows. */
export default function Prices() {
  const { t } = useTranslation()
  const [find, setFind] = useParam('find')
  const [editing, setEditing] = useState<Partial<Price>>()
  const prices = useQuery(queries.prices)
  const wanted = (find ?? '').trim().toLowerCase()
  return (
    <>
      <PageHead
        intro={t('prices.intro')}
        actions={
          <>
            <input
              type="search"
              aria-label={t('prices.find')}
              placeholder={t('prices.find')}
              value={find ?? ''}
              onChange={(e) => setFind(e.target.value || undefined)}
              className="control w-56"
            />
            <a
              href="/api/prices/export"
              download
              className="inline-flex min-h-[2.375rem] items-center gap-1.5 rounded-lg border border-line2 bg-surface px-3.5 font-medium hover:bg-sunken"
            >
              <Download aria-hidden className="size-4" />
              {t('logs.export')}
            </a>
            <Button look="primary" icon={Plus} onClick={() => setEditing({})}>
              {t('prices.add')}
            </Button>
          </>
        }
      />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <Unknown onEnter={setEditing} />
        <Loading query={prices} rows={8}>
          {(data) => {
            const found = data.prices.filter((p) => `${p.model} ${p.vendor ?? ''} ${p.provider ?? ''}`.toLowerCase().includes(wanted))
            return (
              <>
                <CurrencyCard currency={data.currency} />
                <Card title={t('prices.list')} note={t('prices.asOf', { day: data.as_of })} flush>
                  <Table prices={found.slice(0, mostShown)} onEdit={setEditing} />
                  <p className="border-line border-t px-4 py-2 text-[0.93rem] text-ink3">
                    {found.length > mostShown
                      ? t('prices.more', { n: mostShown, all: found.length })
                      : t('prices.count', { count: found.length })}
                  </p>
                </Card>
              </>
            )
          }}
        </Loading>
      </div>
      {editing && <PriceDialog price={editing} onClose={() => setEditing(undefined)} />}
    </>
  )
}

function Table({ prices, onEdit }: { prices: Price[]; onEdit: (price: Partial<Price>) => void }) {
  const { t, i18n } = useTranslation()
  const vendors = useQuery(queries.vendors).data ?? []
  const [deleting, setDeleting] = useState<Price>()
  const vendorName = (id: string | undefined) => {
    const vendor = vendors.find((v) => v.id === id)
    return vendor ? inLanguage(vendor.name, i18n.language) : id
  }
  const figure = (text: string | undefined) => (text === undefined || text === '' ? '–' : text)
  const head = 'px-3 py-2 font-medium whitespace-nowrap'
  const cell = 'whitespace-nowrap px-3 py-1.5 text-right tabular-nums max-sm:p-0 max-sm:text-left'
  const hoursText = (hours: string) =>
    hours.endsWith(' weekdays') ? t('prices.weekdays', { hours: hours.replace(/ weekdays$/, '') }) : t('prices.daily', { hours })
  return (
    <div className="relative overflow-x-auto border-line border-t" role="group" aria-label={t('prices.list')} tabIndex={0}>
      <table className="w-full text-left max-sm:block">
        <thead className="text-[0.86rem] text-ink3 max-sm:sr-only">
          <tr>
            <th scope="col" className={`${head} pl-4`}>
              {t('chat.model')}
            </th>
            <th scope="col" className={head}>
              {t('prices.of')}
            </th>
            <th scope="col" className={`${head} text-right`}>
              {t('prices.input')}
            </th>
            <th scope="col" className={`${head} text-right`}>
              {t('prices.cached')}
            </th>
            <th scope="col" className={`${head} text-right`}>
              {t('prices.output')}
            </th>
            <th scope="col" className={head}>
              {t('prices.from')}
            </th>
            <th scope="col" className={head}>
              {t('prices.source')}
            </th>
            <th scope="col" className={`${head} pr-4`}>
              <span className="sr-only">{t('common.edit')}</span>
            </th>
          </tr>
        </thead>
        <tbody className="max-sm:block">
          {prices.map((price, i) => (
            <tr
              key={price.id ?? i}
              className="relative border-line border-t hover:bg-sunken max-sm:grid max-sm:grid-cols-3 max-sm:gap-y-1 max-sm:px-4 max-sm:py-2.5"
            >
              <th scope="row" className="px-3 py-1.5 pl-4 font-medium max-sm:col-span-3 max-sm:p-0 max-sm:pr-20">
                <span className="break-all font-mono text-[0.93rem]">{price.model}</span>
                {(price.above || price.hours || price.region) && (
                  <span className="block font-normal text-[0.86rem] text-ink3">
                    {[price.above && t('prices.above', { n: price.above }), price.hours && hoursText(price.hours), price.region]
                      .filter(Boolean)
                      .join(' · ')}
                  </span>
                )}
              </th>
              <td className="px-3 py-1.5 max-sm:col-span-2 max-sm:p-0">
                {price.provider ?? vendorName(price.vendor) ?? t('prices.anybody')}
              </td>
              <td className={`${cell} max-sm:order-1`}>
                <Label>{t('prices.input')}</Label>
                {figure(price.input)} <span className="text-[0.86rem] text-ink3">{price.currency}</span>
              </td>
              <td className={`${cell} max-sm:order-1`}>
                <Label>{t('prices.cached')}</Label>
                {figure(price.cache_read)}
              </td>
              <td className={`${cell} max-sm:order-1`}>
                <Label>{t('prices.output')}</Label>
                {figure(price.output)}
              </td>
              <td className={`${cell} text-left! text-ink2 max-sm:hidden`}>{price.from || '–'}</td>
              <td className="px-3 py-1.5 max-sm:p-0 max-sm:text-right">
                <Badge tone={price.shipped ? 'neutral' : 'accent'} title={price.source || price.note}>
                  {price.shipped ? t('prices.shipped') : t('prices.entered')}
                </Badge>
              </td>
              <td className="whitespace-nowrap px-3 py-1 pr-4 text-right max-sm:absolute max-sm:top-1 max-sm:right-2 max-sm:p-0">
                <IconButton
                  label={t(price.shipped ? 'prices.override' : 'keys.edit', { name: price.model })}
                  icon={Pencil}
                  onClick={() => onEdit(price)}
                />
                {!price.shipped && (
                  <IconButton label={t('keys.delete', { name: price.model })} icon={Trash2} danger onClick={() => setDeleting(price)} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {deleting && (
        <Confirm
          title={t('keys.delete', { name: deleting.model })}
          action={t('common.delete')}
          onClose={() => setDeleting(undefined)}
          onConfirm={async () => {
            await unwrap(api.DELETE('/api/prices/{id}', { params: { path: { id: deleting.id ?? '' } } }))
            toastPriceDeleted(deleting)
            await refresh('prices')
          }}
        >
          <p>{t('prices.deleteAsk')}</p>
        </Confirm>
      )}
    </div>
  )
}

/** What a figure is, where the table's head is not seen. */
function Label({ children }: { children: string }) {
  return (
    <span aria-hidden className="block text-[0.82rem] text-ink3 sm:hidden">
      {children}
    </span>
  )
}

/** Says that a price is gone, and offers to enter it again. */
function toastPriceDeleted(price: Price): void {
  toast(i18next.t('common.deleted'), price.model, {
    label: i18next.t('common.undo'),
    run: () =>
      void unwrap(api.POST('/api/prices', { body: specOf(price) })).then(
        async () => {
          toast(i18next.t('audit.reverted'), price.model)
          await refresh('prices', 'monitor')
        },
        (error: unknown) => toastError(i18next.t('error.unexpected'), error instanceof ApiError ? said(error.message) : undefined),
      ),
  })
}

/** Models that served calls without a known price. */
function Unknown({ onEnter }: { onEnter: (price: Partial<Price>) => void }) {
  const { t } = useTranslation()
  const f = useFormat()
  const models = useQuery(queries.unpriced).data ?? []
  if (models.length === 0) return null
  return (
    <Card title={t('prices.unknown')} note={t('prices.unknownNote')} flush>
      <ul className="divide-y divide-line border-line border-t">
        {models.slice(0, 10).map((m) => (
          <li key={`${m.provider} ${m.model}`} className="flex flex-wrap items-center gap-3 px-4 py-1.5">
            <span className="min-w-0 flex-1 break-all font-mono text-[0.93rem]">
              {m.provider}/{m.model}
            </span>
            <span className="text-ink2 tabular-nums">{t('prices.calls', { count: m.calls, n: f.number(m.calls) })}</span>
            <Button size="sm" onClick={() => onEnter({ provider: m.provider, model: m.model })}>
              {t('prices.enter')}
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  )
}
