import { useMutation } from '@tanstack/react-query'
import { Activity, KeyRound, Pencil, Plus, RotateCcw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Provider, type ProviderKey, unwrap, type Vendor } from '@/api/client'
import { refresh } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { KeyBadge } from '@/parts/keyState'
import { ProbeResult } from '@/parts/ProbeResult'
import { Button, IconButton } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNote } from '@/ui/Feedback'
import { Switch } from '@/ui/Switch'
import { toast } from '@/ui/toast'
import { KeyDialog } from './KeyDialog'

interface Props {
  provider: Provider
  vendor: Vendor | undefined
  onChanged: (provider: Provider) => void
}

/** A provider's keys with how they do. Each change is saved at once. */
export function Keys({ provider, vendor, onChanged }: Props) {
  const { t } = useTranslation()
  const [editing, setEditing] = useState<ProviderKey | 'new'>()
  const done = async (p: Provider) => {
    onChanged(p)
    setEditing(undefined)
    await refresh('providers')
  }
  const total = provider.keys.filter((k) => k.enabled).reduce((sum, k) => sum + k.weight, 0)
  return (
    <section aria-labelledby="keys-title">
      <div className="mb-2 flex items-center justify-between">
        <h3 id="keys-title" className="font-semibold text-[1.07rem]">
          {t('providers.keys')}
        </h3>
        <Button size="sm" icon={Plus} onClick={() => setEditing('new')}>
          {t('providers.addKey')}
        </Button>
      </div>
      {provider.keys.length === 0 ? (
        <p className="flex items-center gap-2 rounded-xl border border-line2 border-dashed p-4 text-ink2">
          <KeyRound aria-hidden className="size-4" />
          {vendor?.key_optional ? t('providers.noKeysOptional') : t('providers.noKeys')}
        </p>
      ) : (
        <ul className="divide-y divide-line rounded-xl border border-line">
          {provider.keys.map((key) => (
            <KeyRow key={key.id} provider={provider} item={key} total={total} onEdit={() => setEditing(key)} onDone={done} />
          ))}
        </ul>
      )}
      {editing && (
        <KeyDialog provider={provider} item={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} onDone={done} />
      )}
    </section>
  )
}

interface RowProps {
  provider: Provider
  item: ProviderKey
  total: number
  onEdit: () => void
  onDone: (provider: Provider) => Promise<void>
}

function KeyRow({ provider, item, total, onEdit, onDone }: RowProps) {
  const { t } = useTranslation()
  const f = useFormat()
  const [deleting, setDeleting] = useState(false)
  const path = { id: provider.id, key: item.id }
  const toggle = useMutation({
    mutationFn: (enabled: boolean) =>
      unwrap(api.PUT('/api/providers/{id}/keys/{key}', { params: { path }, body: { name: item.name, enabled } })),
    onSuccess: onDone,
  })
  const unbench = useMutation({
    mutationFn: () => unwrap(api.POST('/api/keys/{id}/unbench', { params: { path: { id: item.id } } })),
    onSuccess: async () => {
      toast(t('providers.unbenched'), item.name)
      await refresh('providers')
    },
  })
  const test = useMutation({
    mutationFn: async () =>
      (await unwrap(api.POST('/api/providers/{id}/test', { params: { path: { id: provider.id }, query: { key: item.id } } }))).results[0],
    onSettled: () => refresh('providers'),
  })
  const out = item.state === 'cooling' || item.state === 'benched'
  const error = toggle.error ?? unbench.error ?? test.error
  return (
    <li className="space-y-2 p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <div className="min-w-0">
          <span className="break-all font-medium">{item.name}</span>
          <span className="ml-2 font-mono text-[0.9rem] text-ink2">{item.hint}</span>
        </div>
        <KeyBadge state={item.state} />
        <span className="text-[0.93rem] text-ink2 tabular-nums">
          {t('providers.weightShare', {
            weight: f.number(item.weight),
            percent: item.enabled && total > 0 ? Math.round((item.weight / total) * 100) : 0,
          })}
        </span>
        <div className="ml-auto flex items-center">
          {out && (
            <IconButton
              label={t('providers.unbench', { name: item.name })}
              icon={RotateCcw}
              disabled={unbench.isPending}
              onClick={() => unbench.mutate()}
            />
          )}
          <IconButton
            label={t('providers.testKey', { name: item.name })}
            icon={Activity}
            disabled={test.isPending}
            onClick={() => test.mutate()}
          />
          <IconButton label={t('providers.editKey', { name: item.name })} icon={Pencil} onClick={onEdit} />
          <IconButton label={t('providers.deleteKey', { name: item.name })} icon={Trash2} danger onClick={() => setDeleting(true)} />
          <span className="ml-2">
            <Switch
              label={t('providers.keyEnabled', { name: item.name })}
              hideLabel
              checked={item.enabled}
              disabled={toggle.isPending}
              onChange={(on) => toggle.mutate(on)}
            />
          </span>
        </div>
      </div>
      {item.reason && (
        <p className="break-words rounded-lg bg-sunken px-2.5 py-1.5 text-[0.93rem] text-ink2">
          {said(item.reason)}
          {item.since && ` · ${f.ago(item.since)}`}
          {item.until && ` · ${t('providers.backAt', { when: f.ago(item.until) })}`}
        </p>
      )}
      {test.isPending && <p role="status">{t('providers.testing')}</p>}
      {test.data && <ProbeResult probe={test.data} />}
      {error && <ErrorNote error={error} />}
      {deleting && (
        <Confirm
          title={t('providers.deleteKey', { name: item.name })}
          action={t('common.delete')}
          onClose={() => setDeleting(false)}
          onConfirm={async () => onDone(await unwrap(api.DELETE('/api/providers/{id}/keys/{key}', { params: { path } })))}
        >
          <p>{t('providers.deleteKeyAsk')}</p>
        </Confirm>
      )}
    </li>
  )
}
