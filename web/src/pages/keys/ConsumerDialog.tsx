import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Consumer, unwrap } from '@/api/client'
import { faultAt, faultsBelow, isAllInFields } from '@/api/problem'
import { refresh } from '@/api/queries'
import { useSaveKey } from '@/lib/hooks'
import { Conflict } from '@/parts/Conflict'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { Switch } from '@/ui/Switch'
import { TagsField } from '@/ui/TagsField'
import { toast } from '@/ui/toast'

interface Props {
  /** The consumer to change; without one, a new one is made. */
  consumer: Consumer | undefined
  routes: string[]
  onClose: () => void
}

export function ConsumerDialog({ consumer, routes, onClose }: Props) {
  const { t } = useTranslation()
  const [spec, setSpec] = useState({
    name: consumer?.name ?? '',
    enabled: consumer?.enabled ?? true,
    models: consumer?.models ?? [],
    routes: consumer?.routes ?? [],
  })
  const set = (change: Partial<typeof spec>) => setSpec({ ...spec, ...change })
  const saving = useSave({
    save: (newer) =>
      consumer
        ? unwrap(
            api.PUT('/api/consumers/{id}', {
              params: { path: { id: consumer.id } },
              body: { ...spec, version: newer ?? consumer.version },
            }),
          )
        : unwrap(api.POST('/api/consumers', { body: spec })),
    onSaved: async (saved) => {
      toast(t('common.saved'), saved.name)
      onClose()
      await refresh('consumers')
    },
  })
  useSaveKey(() => saving.save())
  const inFields = isAllInFields(saving.error, ['name', 'models', 'routes'])
  return (
    <Dialog
      open
      onClose={onClose}
      title={consumer ? t('keys.edit', { name: consumer.name }) : t('keys.add')}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="consumer-form" busy={saving.busy} disabled={!spec.name.trim()}>
            {consumer ? t('common.save') : t('common.create')}
          </Button>
        </>
      }
    >
      <form
        id="consumer-form"
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          saving.save()
        }}
      >
        <TextField
          label={t('keys.name')}
          placeholder={t('keys.namePlaceholder')}
          value={spec.name}
          onChange={(name) => set({ name })}
          error={faultAt(saving.error, 'name')}
          autoFocus
        />
        <TagsField
          label={t('keys.models')}
          hint={t('keys.modelsHint')}
          placeholder={t('keys.all')}
          values={spec.models}
          onChange={(models) => set({ models })}
          error={faultsBelow(saving.error, 'models')}
        />
        <TagsField
          label={t('keys.routes')}
          hint={t('keys.routesHint')}
          placeholder={t('keys.all')}
          values={spec.routes}
          onChange={(chosen) => set({ routes: chosen })}
          suggestions={routes}
          error={faultsBelow(saving.error, 'routes')}
        />
        <Switch label={t('common.enabled')} checked={spec.enabled} onChange={(enabled) => set({ enabled })} />
        {saving.error && !inFields && !saving.inConflict && <ErrorNote error={saving.error} />}
      </form>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={spec}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            await refresh('consumers')
            onClose()
          }}
        />
      )}
    </Dialog>
  )
}
