import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Consumer, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { freeName } from '@/lib/vendors'
import { modelChoices } from '@/parts/models'
import { SecretShown } from '@/parts/SecretShown'
import { snippet } from '@/parts/snippets'
import { endpoint } from '@/shell/endpoint'
import { Button } from '@/ui/Button'
import { Code } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { ExpiryField } from '@/ui/ExpiryField'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'

/** Makes a key, then shows it once. */
export function NewKeyDialog({ consumer, onClose }: { consumer: Consumer; onClose: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState(() =>
    freeName(
      `key-${consumer.keys.length + 1}`,
      consumer.keys.map((k) => k.name),
    ),
  )
  const [expires, setExpires] = useState<string>()
  const base = endpoint(useQuery(queries.status).data)
  const choices = modelChoices(
    useQuery(queries.providers).data ?? [],
    useQuery(queries.routes).data ?? [],
    useQuery(queries.vendors).data ?? [],
  )
  const make = useMutation({
    mutationFn: () => unwrap(api.POST('/api/consumers/{id}/keys', { params: { path: { id: consumer.id } }, body: { name, expires } })),
    onSuccess: () => refresh('consumers'),
  })
  const key = make.data?.key
  return (
    <Dialog
      open
      wide={key !== undefined}
      onClose={onClose}
      title={key ? t('keys.newKey') : t('keys.makeKeyFor', { name: consumer.name })}
      footer={
        key ? (
          <Button look="primary" onClick={onClose}>
            {t('keys.saved')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{t('common.cancel')}</Button>
            <Button look="primary" type="submit" form="new-consumer-key" busy={make.isPending} disabled={!name.trim()}>
              {t('common.create')}
            </Button>
          </>
        )
      }
    >
      {key ? (
        <div className="space-y-4">
          <SecretShown secret={key} />
          <div>
            <p className="mb-1.5 font-medium">{t('keys.tryIt')}</p>
            <Code text={snippet('curl', { base, model: choices[0]?.value ?? 'gpt-4o', key, prompt: t('snippets.prompt') })} />
          </div>
        </div>
      ) : (
        <form
          id="new-consumer-key"
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault()
            make.mutate()
          }}
        >
          <TextField label={t('providers.keyName')} value={name} onChange={setName} error={faultAt(make.error, 'name')} />
          <ExpiryField value={expires} onChange={setExpires} error={faultAt(make.error, 'expires')} />
          {make.isError && !isAllInFields(make.error, ['name', 'expires']) && <ErrorNote error={make.error} />}
        </form>
      )}
    </Dialog>
  )
}
