import { useMutation } from '@tanstack/react-query'
import { Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Consumer, type ConsumerKey, unwrap } from '@/api/client'
import { refresh } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { toastDeleted } from '@/parts/undo'
import { Badge } from '@/ui/Badge'
import { Button, IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { ErrorNote } from '@/ui/Feedback'
import { Switch } from '@/ui/Switch'
import { ConsumerKeyDialog } from './ConsumerKeyDialog'
import { NewKeyDialog } from './NewKeyDialog'

/** One consumer with its keys. */
export function ConsumerCard({ consumer, onEdit }: { consumer: Consumer; onEdit: () => void }) {
  const { t } = useTranslation()
  const [making, setMaking] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const limits = [
    consumer.models.length > 0 && `${t('keys.models')}: ${consumer.models.join(', ')}`,
    consumer.routes.length > 0 && `${t('keys.routes')}: ${consumer.routes.join(', ')}`,
  ].filter(Boolean)
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          <span className="break-all">{consumer.name}</span>
          {!consumer.enabled && <Badge mark>{t('common.off')}</Badge>}
        </span>
      }
      note={limits.length > 0 ? limits.join(' · ') : t('keys.unlimited')}
      actions={
        <div className="flex items-center">
          <IconButton label={t('keys.edit', { name: consumer.name })} icon={Pencil} onClick={onEdit} />
          <IconButton label={t('keys.delete', { name: consumer.name })} icon={Trash2} danger onClick={() => setDeleting(true)} />
          <Button size="sm" icon={Plus} className="ml-1" onClick={() => setMaking(true)}>
            {t('keys.makeKey')}
          </Button>
        </div>
      }
      flush
    >
      {consumer.keys.length === 0 ? (
        <p className="px-4 pb-4 text-ink2">{t('keys.noKeys')}</p>
      ) : (
        <ul className="divide-y divide-line border-line border-t">
          {consumer.keys.map((key) => (
            <KeyRow key={key.id} consumer={consumer} item={key} />
          ))}
        </ul>
      )}
      {making && <NewKeyDialog consumer={consumer} onClose={() => setMaking(false)} />}
      {deleting && (
        <Confirm
          title={t('keys.delete', { name: consumer.name })}
          action={t('common.delete')}
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await unwrap(api.DELETE('/api/consumers/{id}', { params: { path: { id: consumer.id } } }))
            toastDeleted(consumer.name, `delete consumer ${consumer.name}`)
            await refresh('consumers')
          }}
        >
          <p>{t('keys.deleteAsk')}</p>
        </Confirm>
      )}
    </Card>
  )
}

function KeyRow({ consumer, item }: { consumer: Consumer; item: ConsumerKey }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [open, setOpen] = useState<'edit' | 'delete'>()
  const params = { path: { id: consumer.id, key: item.id } }
  const toggle = useMutation({
    mutationFn: (enabled: boolean) =>
      unwrap(api.PUT('/api/consumers/{id}/keys/{key}', { params, body: { name: item.name, enabled, expires: item.expires } })),
    onSettled: () => refresh('consumers'),
  })
  return (
    <li className="px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <div className="min-w-0 flex-1">
          <span className="break-all font-medium">{item.name}</span> <span className="font-mono text-[0.9rem] text-ink2">{item.hint}</span>
          <p className="text-[0.93rem] text-ink3">
            {t('keys.created', { when: f.date(item.created_at) })}
            {' · '}
            {item.expires ? t('keys.expires', { when: f.time(item.expires) }) : t('keys.never')}
          </p>
        </div>
        <Badge tone={item.expired ? 'bad' : item.enabled && consumer.enabled ? 'ok' : 'neutral'} mark>
          {item.expired ? t('keys.expired') : item.enabled && consumer.enabled ? t('keys.active') : t('common.off')}
        </Badge>
        <div className="flex items-center">
          <IconButton label={t('keys.editKey', { name: item.name })} icon={Pencil} onClick={() => setOpen('edit')} />
          <IconButton label={t('keys.deleteKey', { name: item.name })} icon={Trash2} danger onClick={() => setOpen('delete')} />
          <span className="ml-2">
            <Switch
              label={t('keys.keyEnabled', { name: item.name })}
              hideLabel
              checked={item.enabled}
              disabled={toggle.isPending}
              onChange={(on) => toggle.mutate(on)}
            />
          </span>
        </div>
      </div>
      {toggle.isError && <ErrorNote error={toggle.error} />}
      {open === 'edit' && <ConsumerKeyDialog consumer={consumer} item={item} onClose={() => setOpen(undefined)} />}
      {open === 'delete' && (
        <Confirm
          title={t('keys.deleteKey', { name: item.name })}
          action={t('common.delete')}
          onClose={() => setOpen(undefined)}
          onConfirm={async () => {
            await unwrap(api.DELETE('/api/consumers/{id}/keys/{key}', { params }))
            await refresh('consumers')
          }}
        >
          <p>{t('keys.deleteKeyAsk')}</p>
        </Confirm>
      )}
    </li>
  )
}
