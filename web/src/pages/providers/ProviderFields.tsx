import { Download } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Vendor } from '@/api/client'
import { faultAt, faultsBelow } from '@/api/problem'
import { chatModels, inLanguage, isPrivate } from '@/lib/vendors'
import { OwnPort } from '@/parts/OwnPort'
import { TimeoutFields } from '@/parts/TimeoutFields'
import { Button } from '@/ui/Button'
import { Disclosure } from '@/ui/Disclosure'
import { TextField } from '@/ui/Field'
import { PairsField } from '@/ui/PairsField'
import { Select } from '@/ui/Select'
import { Switch } from '@/ui/Switch'
import { TagsField } from '@/ui/TagsField'
import type { Draft } from './draft'

interface Props {
  draft: Draft
  onChange: (draft: Draft) => void
  vendor: Vendor | undefined
  error: unknown
  fetchModels?: () => void
  fetching?: boolean
}

/** Everything a provider has but its keys. */
export function ProviderFields({ draft, onChange, vendor, error, fetchModels, fetching }: Props) {
  const { t, i18n } = useTranslation()
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change })
  return (
    <>
      <TextField
        label={t('providers.name')}
        hint={t('providers.nameHint', { name: draft.name || 'name' })}
        value={draft.name}
        onChange={(name) => set({ name })}
        error={faultAt(error, 'name')}
        mono
      />
      {vendor && vendor.regions.length > 1 && (
        <Select
          label={t('providers.region')}
          value={draft.region || (vendor.regions[0]?.id ?? '')}
          onChange={(region) => set({ region })}
          options={vendor.regions.map((r) => ({ value: r.id, label: inLanguage(r.name, i18n.language), note: r.base_url }))}
          error={faultAt(error, 'region')}
        />
      )}
      <TextField
        label={t('providers.baseUrl')}
        hint={vendor?.base_url ? t('providers.baseUrlDefault', { url: vendor.base_url }) : t('providers.baseUrlHint')}
        placeholder={vendor?.base_url || 'https://api.example.com/v1'}
        value={draft.base_url}
        onChange={(base_url) => set({ base_url, allow_private: draft.allow_private || isPrivate(base_url) })}
        error={faultAt(error, 'base_url')}
        mono
      />
      <OwnPort base={draft.base_url || vendor?.base_url || ''} />
      {vendor?.fields.map((f) => (
        <TextField
          key={f.name}
          label={f.required ? inLanguage(f.label, i18n.language) : t('providers.optional', { name: inLanguage(f.label, i18n.language) })}
          placeholder={f.example}
          value={draft.fields[f.name] ?? ''}
          onChange={(value) => set({ fields: { ...draft.fields, [f.name]: value } })}
          error={faultAt(error, `fields.${f.name}`)}
          mono
        />
      ))}
      <TagsField
        label={t('providers.models')}
        hint={t('providers.modelsHint')}
        values={draft.models}
        onChange={(models) => set({ models })}
        suggestions={chatModels(vendor)}
        placeholder={t('providers.modelsEmpty')}
        error={faultsBelow(error, 'models')}
        aside={
          fetchModels && (
            <Button size="sm" look="quiet" icon={Download} busy={fetching} onClick={fetchModels}>
              {t('providers.fetchModels')}
            </Button>
          )
        }
      />
      <Disclosure title={t('common.advanced')} note={t('providers.advancedNote')}>
        <TextField
          label={t('providers.proxy')}
          hint={t('providers.proxyHint')}
          placeholder="http://proxy.example.com:3128"
          value={draft.proxy}
          onChange={(proxy) => set({ proxy })}
          error={faultAt(error, 'proxy')}
          mono
        />
        <Switch
          label={t('providers.private')}
          note={t('providers.privateHint')}
          checked={draft.allow_private}
          onChange={(allow_private) => set({ allow_private })}
        />
        <TimeoutFields value={draft.timeouts} onChange={(timeouts) => set({ timeouts })} error={error} />
        <PairsField
          label={t('providers.headers')}
          hint={t('providers.headersHint')}
          pairs={draft.headers}
          onChange={(headers) => set({ headers })}
          nameLabel={t('providers.headerName')}
          valueLabel={t('providers.headerValue')}
          error={faultsBelow(error, 'headers')}
        />
        <PairsField
          label={t('providers.query')}
          pairs={draft.query}
          onChange={(query) => set({ query })}
          nameLabel={t('providers.queryName')}
          valueLabel={t('providers.queryValue')}
          error={faultsBelow(error, 'query')}
        />
      </Disclosure>
    </>
  )
}
