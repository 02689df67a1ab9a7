import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Provider, unwrap, type Vendor } from '@/api/client'
import { faultsBelow } from '@/api/problem'
import { refresh } from '@/api/queries'
import { freeName, inLanguage } from '@/lib/vendors'
import { ProbeResult } from '@/parts/ProbeResult'
import { VendorTiles } from '@/parts/VendorTiles'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { SecretField } from '@/ui/SecretField'
import { toast } from '@/ui/toast'
import { type Draft, emptyDraft, toDraft, toSpec } from './draft'
import { ProviderFields } from './ProviderFields'

interface Props {
  vendors: Vendor[]
  taken: string[]
  /** The one to begin with a copy of; its keys can't be read, and so not be copied. */
  from?: Provider | undefined
  onClose: () => void
  onMade: (provider: Provider) => void
}

export function NewProvider({ vendors, taken, from, onClose, onMade }: Props) {
  const { t, i18n } = useTranslation()
  const [draft, setDraft] = useState<Draft | undefined>(() => from && { ...toDraft(from), name: freeName(from.name, taken) })
  const [key, setKey] = useState('')
  const vendor = vendors.find((v) => v.id === draft?.vendor)
  const test = useMutation({
    mutationFn: async (k: string) =>
      (await unwrap(api.POST('/api/providers/test', { body: { ...toSpec(draft as Draft), key: k || undefined } }))).results[0],
  })
  const create = useMutation({
    mutationFn: (d: Draft) =>
      unwrap(api.POST('/api/providers', { body: { ...toSpec(d), keys: key ? [{ name: 'key-1', value: key }] : undefined } })),
    onSuccess: async (made) => {
      toast(t('providers.made', { name: made.name }))
      await refresh('providers')
      onMade(made)
    },
  })
  const change = (next: Draft) => {
    setDraft(next)
    test.reset()
  }
  const error = create.error ?? test.error
  return (
    <Dialog
      open
      kind="sheet"
      onClose={onClose}
      title={from ? t('providers.duplicateOf', { name: from.name }) : t('providers.add')}
      description={from ? undefined : t('providers.addIntro')}
      footer={
        draft && (
          <>
            {!from && (
              <Button onClick={() => setDraft(undefined)} className="mr-auto">
                {t('providers.otherVendor')}
              </Button>
            )}
            <Button busy={test.isPending} onClick={() => test.mutate(key)}>
              {t('providers.test')}
            </Button>
            <Button look="primary" type="submit" form="new-provider" busy={create.isPending}>
              {t('common.create')}
            </Button>
          </>
        )
      }
    >
      {!draft && <VendorTiles vendors={vendors} chosen={undefined} onChoose={(v) => setDraft(emptyDraft(v, freeName(v.id, taken)))} />}
      {draft && (
        <form
          id="new-provider"
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault()
            create.mutate(draft)
          }}
        >
          {from && <Notice tone="info">{t('providers.duplicateNote')}</Notice>}
          <SecretField
            label={vendor?.key_optional ? t('providers.keyOptional') : t('providers.key')}
            value={key}
            onChange={(value) => {
              setKey(value)
              test.reset()
            }}
            onPasted={(text) => (vendor?.base_url || draft.base_url) && test.mutate(text)}
            placeholder={vendor?.key_prefixes[0] ? `${vendor.key_prefixes[0]}…` : undefined}
            hint={
              vendor?.key_url && (
                <a href={vendor.key_url} target="_blank" rel="noreferrer" className="text-accent underline">
                  {t('providers.getKey', { name: inLanguage(vendor.name, i18n.language) })}
                </a>
              )
            }
            error={faultsBelow(error, 'keys') ?? faultsBelow(error, 'key')}
          />
          {test.isPending && <p role="status">{t('providers.testing')}</p>}
          {test.data && <ProbeResult probe={test.data} />}
          <ProviderFields
            draft={draft}
            onChange={change}
            vendor={vendor}
            error={error}
            fetchModels={
              test.data?.ok && test.data.models.length > 0 ? () => change({ ...draft, models: test.data?.models ?? [] }) : undefined
            }
          />
          {error && <ErrorNote error={error} />}
        </form>
      )}
    </Dialog>
  )
}
