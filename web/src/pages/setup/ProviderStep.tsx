import { useMutation, useQuery } from '@tanstack/react-query'
import { ExternalLink } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Probe, unwrap, type Vendor } from '@/api/client'
import { faultAt, faultsBelow } from '@/api/problem'
import { client, queries, refresh } from '@/api/queries'
import { freeName, inLanguage, isPrivate, vendorOfKey } from '@/lib/vendors'
import { OwnPort } from '@/parts/OwnPort'
import { ProbeResult } from '@/parts/ProbeResult'
import { VendorTiles } from '@/parts/VendorTiles'
import { Button } from '@/ui/Button'
import { ErrorNote, Loading, Notice } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { SecretField } from '@/ui/SecretField'
import { Select } from '@/ui/Select'
import { Switch } from '@/ui/Switch'
import { type Probed, probedKey } from './first'

export function ProviderStep({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation()
  const vendors = useQuery(queries.vendors)
  const providers = useQuery(queries.providers)
  return (
    <>
      <h1 className="font-semibold text-2xl tracking-tight">{t('setup.provider.title')}</h1>
      <p className="mt-1 mb-6 text-ink2">{t('setup.provider.intro')}</p>
      {providers.data && providers.data.length > 0 && (
        <div className="mb-6">
          <Notice tone="info">
            <div className="flex flex-wrap items-center gap-3">
              <span className="flex-1">{t('setup.provider.already', { names: providers.data.map((p) => p.name).join(', ') })}</span>
              <Button size="sm" onClick={onDone}>
                {t('setup.provider.goOn')}
              </Button>
            </div>
          </Notice>
        </div>
      )}
      <Loading query={vendors}>
        {(list) => <Form vendors={list} taken={(providers.data ?? []).map((p) => p.name)} onDone={onDone} />}
      </Loading>
    </>
  )
}

interface FormProps {
  vendors: Vendor[]
  taken: string[]
  onDone: () => void
}

function Form({ vendors, taken, onDone }: FormProps) {
  const { t, i18n } = useTranslation()
  const [vendorID, setVendorID] = useState<string>()
  const [key, setKey] = useState('')
  const [region, setRegion] = useState('')
  const [base, setBase] = useState('')
  const [fields, setFields] = useState<Record<string, string>>({})
  const [allowed, setAllowed] = useState(false)
  const details = useRef<HTMLDivElement>(null)
  const vendor = vendors.find((v) => v.id === vendorID)
  const baseNeeded = vendor !== undefined && (vendor.base_url === '' || vendor.local)

  const spec = (v: Vendor) => ({
    name: freeName(v.id, taken),
    vendor: v.id,
    region: region || undefined,
    base_url: base || undefined,
    fields: Object.values(fields).some(Boolean) ? fields : undefined,
    allow_private: v.local || allowed || undefined,
  })
  const test = useMutation({
    mutationFn: async ({ v, k }: { v: Vendor; k: string }): Promise<Probe | undefined> => {
      const { name: _, ...rest } = spec(v)
      return (await unwrap(api.POST('/api/providers/test', { body: { ...rest, name: 'unsaved', key: k || undefined } }))).results[0]
    },
  })
  const create = useMutation({
    mutationFn: async (v: Vendor) => {
      const probe = test.data?.ok ? test.data : await test.mutateAsync({ v, k: key })
      if (!probe?.ok) return false
      // A vendor nothing is known about serves what it listed.
      const models = v.models.length === 0 ? probe.models.slice(0, 500) : undefined
      const keys = key ? [{ name: 'key-1', value: key }] : undefined
      const made = await unwrap(api.POST('/api/providers', { body: { ...spec(v), models, keys } }))
      client.setQueryData(probedKey, { provider: made.name, models: probe.models } satisfies Probed)
      await refresh('providers')
      return true
    },
    onSuccess: (made) => made && onDone(),
  })
  const choose = (v: Vendor) => {
    setVendorID(v.id)
    setRegion(v.regions[0]?.id ?? '')
    setBase(v.local ? v.base_url : '')
    setFields({})
    test.reset()
    create.reset()
    requestAnimationFrame(() => details.current?.querySelector('input')?.focus())
  }
  const pasted = (text: string) => {
    const guess = vendor ?? vendorOfKey(vendors, text)
    if (!guess) return
    if (!vendor) choose(guess)
    if (!guess.base_url && !base) return
    test.mutate({ v: guess, k: text })
  }
  const error = test.error ?? create.error

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (vendor) create.mutate(vendor)
      }}
    >
      <VendorTiles vendors={vendors} chosen={vendorID} onChoose={choose} />
      <div ref={details} className="mx-auto mt-6 max-w-xl space-y-4">
        {vendor && (
          <>
            {vendor.regions.length > 1 && (
              <Select
                label={t('providers.region')}
                value={region}
                onChange={(id) => {
                  setRegion(id)
                  test.reset()
                }}
                options={vendor.regions.map((r) => ({ value: r.id, label: inLanguage(r.name, i18n.language) }))}
              />
            )}
            {baseNeeded && (
              <TextField
                label={t('providers.baseUrl')}
                value={base}
                onChange={(value) => {
                  setBase(value)
                  setAllowed(isPrivate(value))
                  test.reset()
                }}
                placeholder="https://api.example.com/v1"
                hint={t('providers.baseUrlHint')}
                error={faultAt(error, 'base_url')}
                mono
              />
            )}
            <OwnPort base={base} />
            {!vendor.local && isPrivate(base) && (
              <Switch
                label={t('providers.private')}
                note={t('providers.privateHint')}
                checked={allowed}
                onChange={(on) => {
                  setAllowed(on)
                  test.reset()
                }}
              />
            )}
            {vendor.fields
              .filter((f) => f.required)
              .map((f) => (
                <TextField
                  key={f.name}
                  label={inLanguage(f.label, i18n.language)}
                  placeholder={f.example}
                  value={fields[f.name] ?? ''}
                  onChange={(value) => setFields({ ...fields, [f.name]: value })}
                  error={faultAt(error, `fields.${f.name}`)}
                  mono
                />
              ))}
          </>
        )}
        <SecretField
          label={vendor?.key_optional ? t('providers.keyOptional') : t('providers.key')}
          value={key}
          onChange={(value) => {
            setKey(value)
            test.reset()
          }}
          onPasted={pasted}
          placeholder={vendor?.key_prefixes[0] ? `${vendor.key_prefixes[0]}…` : undefined}
          hint={
            vendor?.key_url ? (
              <a href={vendor.key_url} target="_blank" rel="noreferrer" className="inline-flex items-center gap-1 text-accent underline">
                {t('providers.getKey', { name: inLanguage(vendor.name, i18n.language) })} <ExternalLink aria-hidden className="size-3.5" />
              </a>
            ) : (
              t('setup.provider.pasteHint')
            )
          }
          error={faultsBelow(error, 'key') ?? faultsBelow(error, 'keys')}
        />
        {test.isPending && <p role="status">{t('providers.testing')}</p>}
        {test.data && <ProbeResult probe={test.data} />}
        {error && <ErrorNote error={error} />}
        <div className="flex flex-wrap gap-2">
          <Button
            look="primary"
            size="lg"
            type="submit"
            className="flex-1"
            busy={create.isPending}
            disabled={!vendor || (!key && !vendor.key_optional) || (vendor.base_url === '' && !base)}
          >
            {t('setup.provider.action')}
          </Button>
          <Button look="quiet" size="lg" onClick={onDone}>
            {t('setup.provider.skip')}
          </Button>
        </div>
      </div>
    </form>
  )
}
