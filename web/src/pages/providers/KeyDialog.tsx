import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Provider, type ProviderKey, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { freeName } from '@/lib/vendors'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { SecretField } from '@/ui/SecretField'

interface Props {
  provider: Provider
  /** The key to change; without one, a new one is added. */
  item: ProviderKey | undefined
  onClose: () => void
  onDone: (provider: Provider) => void
}

export function KeyDialog({ provider, item, onClose, onDone }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState(
    () =>
      item?.name ??
      freeName(
        `key-${provider.keys.length + 1}`,
        provider.keys.map((k) => k.name),
      ),
  )
  const [value, setValue] = useState('')
  const [weight, setWeight] = useState(String(item?.weight ?? 1))
  const save = useMutation({
    mutationFn: () => {
      const body = { name, weight: Number(weight) || 1 }
      const path = { id: provider.id }
      return item
        ? unwrap(
            api.PUT('/api/providers/{id}/keys/{key}', {
              params: { path: { ...path, key: item.id } },
              body: { ...body, value: value || undefined },
            }),
          )
        : unwrap(api.POST('/api/providers/{id}/keys', { params: { path }, body: { ...body, value } }))
    },
    onSuccess: onDone,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={item ? t('providers.editKey', { name: item.name }) : t('providers.addKey')}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="key-form" busy={save.isPending} disabled={!name || (!item && !value)}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="key-form"
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <SecretField
          label={item ? t('providers.replaceKey') : t('providers.key')}
          hint={item ? t('providers.replaceKeyHint', { hint: item.hint }) : t('providers.keyHint')}
          value={value}
          onChange={setValue}
          error={faultAt(save.error, 'value')}
        />
        <TextField label={t('providers.keyName')} value={name} onChange={setName} error={faultAt(save.error, 'name')} />
        <TextField
          label={t('providers.weight')}
          hint={t('providers.weightHint')}
          type="number"
          min={1}
          max={1_000_000}
          value={weight}
          onChange={setWeight}
          error={faultAt(save.error, 'weight')}
        />
        {save.isError && !isAllInFields(save.error, ['value', 'name', 'weight']) && <ErrorNote error={save.error} />}
      </form>
    </Dialog>
  )
}
