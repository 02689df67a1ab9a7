import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Price, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { inLanguage } from '@/lib/vendors'
import { Conflict } from '@/parts/Conflict'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Disclosure } from '@/ui/Disclosure'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { toast } from '@/ui/toast'
import { specOf } from './spec'

const main = ['input', 'output', 'cache_read'] as const
const rest = ['cache_write', 'cache_write_1h', 'reasoning', 'audio_in', 'audio_out', 'image', 'minute'] as const
type Figure = (typeof main)[number] | (typeof rest)[number]

/** Enters a price, or changes one that was entered; one that is shipped is overridden by one of the same model. */
export function PriceDialog({ price, onClose }: { price: Partial<Price>; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const own = price.shipped === false
  const [draft, setDraft] = useState<Partial<Price>>(price)
  const vendors = useQuery(queries.vendors).data ?? []
  const providers = useQuery(queries.providers).data ?? []
  const set = (change: Partial<Price>) => setDraft({ ...draft, ...change })
  const body = { ...specOf(draft), source: own ? draft.source : undefined }
  const saving = useSave({
    save: (newer) => {
      return own
        ? unwrap(
            api.PUT('/api/prices/{id}', { params: { path: { id: price.id ?? '' } }, body: { ...body, version: newer ?? price.version } }),
          )
        : unwrap(api.POST('/api/prices', { body }))
    },
    onSaved: async () => {
      toast(t('common.saved'), draft.model)
      onClose()
      await refresh('prices', 'monitor')
    },
  })
  const figure = (name: Figure) => (
    <TextField
      key={name}
      label={t(`prices.figure.${name}`)}
      inputMode="decimal"
      placeholder={t('prices.notKnown')}
      value={draft[name] ?? ''}
      onChange={(text) => set({ [name]: text.trim() || undefined })}
      error={faultAt(saving.error, name)}
    />
  )
  const scope = draft.provider ? `p:${draft.provider}` : draft.vendor ? `v:${draft.vendor}` : ''
  const fields = ['model', 'vendor', 'provider', 'currency', 'from', 'hours', 'above', 'region', 'note', ...main, ...rest]
  return (
    <Dialog
      open
      onClose={onClose}
      title={own ? t('keys.edit', { name: price.model ?? '' }) : t('prices.add')}
      description={price.shipped ? t('prices.overrideNote') : undefined}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="price-form" busy={saving.busy} disabled={!draft.model}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="price-form"
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          saving.save()
        }}
      >
        <TextField
          label={t('chat.model')}
          hint={t('prices.modelHint')}
          value={draft.model ?? ''}
          onChange={(model) => set({ model })}
          error={faultAt(saving.error, 'model')}
          mono
        />
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <Select
            label={t('prices.of')}
            value={scope}
            onChange={(value) =>
              set({
                provider: value.startsWith('p:') ? value.slice(2) : undefined,
                vendor: value.startsWith('v:') ? value.slice(2) : undefined,
              })
            }
            options={[
              { value: '', label: t('prices.anybody') },
              ...providers.map((p) => ({ value: `p:${p.name}`, label: p.name })),
              ...vendors.map((v) => ({ value: `v:${v.id}`, label: inLanguage(v.name, i18n.language), note: t('providers.vendor') })),
            ]}
            error={faultAt(saving.error, 'vendor') ?? faultAt(saving.error, 'provider')}
          />
          <TextField
            label={t('prices.currency')}
            placeholder="USD"
            value={draft.currency ?? ''}
            onChange={(currency) => set({ currency: currency.toUpperCase() })}
            error={faultAt(saving.error, 'currency')}
          />
        </div>
        <p className="text-[0.93rem] text-ink3">{t('prices.unit')}</p>
        <div className="grid items-start gap-4 sm:grid-cols-3">{main.map(figure)}</div>
        <Disclosure title={t('common.advanced')} note={t('prices.advancedNote')}>
          <div className="grid items-start gap-4 sm:grid-cols-2">
            {rest.map(figure)}
            <TextField
              label={t('prices.figure.above')}
              type="number"
              value={draft.above ? String(draft.above) : ''}
              onChange={(text) => set({ above: Number(text) || undefined })}
              error={faultAt(saving.error, 'above')}
            />
            <TextField
              label={t('prices.from')}
              type="date"
              value={draft.from ?? ''}
              onChange={(from) => set({ from: from || undefined })}
              error={faultAt(saving.error, 'from')}
            />
            <TextField
              label={t('prices.hours')}
              placeholder="01:00-04:00 weekdays"
              value={draft.hours ?? ''}
              onChange={(hours) => set({ hours: hours || undefined })}
              error={faultAt(saving.error, 'hours')}
              mono
            />
            <TextField
              label={t('prices.note')}
              value={draft.note ?? ''}
              onChange={(note) => set({ note: note || undefined })}
              error={faultAt(saving.error, 'note')}
            />
          </div>
        </Disclosure>
        {saving.error && !saving.inConflict && !isAllInFields(saving.error, fields) && <ErrorNote error={saving.error} />}
      </form>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={{ ...body }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={() => void refresh('prices').then(onClose)}
        />
      )}
    </Dialog>
  )
}
