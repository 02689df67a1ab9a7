import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Consumer, type ConsumerKey, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { refresh } from '@/api/queries'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ExpiryField } from '@/ui/ExpiryField'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'

/** Renames or dates a key. */
export function ConsumerKeyDialog({ consumer, item, onClose }: { consumer: Consumer; item: ConsumerKey; onClose: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState(item.name)
  const [expires, setExpires] = useState(item.expires)
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        api.PUT('/api/consumers/{id}/keys/{key}', {
          params: { path: { id: consumer.id, key: item.id } },
          body: { name, enabled: item.enabled, expires },
        }),
      ),
    onSuccess: async () => {
      onClose()
      await refresh('consumers')
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('keys.editKey', { name: item.name })}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="consumer-key-form" busy={save.isPending} disabled={!name.trim()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="consumer-key-form"
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <TextField label={t('providers.keyName')} value={name} onChange={setName} error={faultAt(save.error, 'name')} />
        <ExpiryField value={expires} onChange={setExpires} error={faultAt(save.error, 'expires')} />
        {save.isError && !isAllInFields(save.error, ['name', 'expires']) && <ErrorNote error={save.error} />}
      </form>
    </Dialog>
  )
}
