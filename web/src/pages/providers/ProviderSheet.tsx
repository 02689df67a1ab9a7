import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Activity, CopyPlus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Probe, type Provider, unwrap, type Vendor } from '@/api/client'
import { ApiError } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { useSaveKey, useUnsaved } from '@/lib/hooks'
import { inLanguage } from '@/lib/vendors'
import { Conflict } from '@/parts/Conflict'
import { ProbeResult } from '@/parts/ProbeResult'
import { toastDeleted } from '@/parts/undo'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { Switch } from '@/ui/Switch'
import { toast } from '@/ui/toast'
import { toDraft, toSpec } from './draft'
import { Keys } from './Keys'
import { ProviderFields } from './ProviderFields'
import { usedBy } from './usedBy'

interface Props {
  provider: Provider
  vendor: Vendor | undefined
  onClose: () => void
  onDuplicate: () => void
}

/** One provider: its keys, which are saved as they are changed, and its settings, which are saved together. */
export function ProviderSheet({ provider, vendor, onClose, onDuplicate }: Props) {
  const { t, i18n } = useTranslation()
  const [draft, setDraft] = useState(() => toDraft(provider))
  const [saved, setSaved] = useState(() => JSON.stringify(toSpec(toDraft(provider))))
  const [version, setVersion] = useState(provider.version)
  const [deleting, setDeleting] = useState(false)
  const dirty = JSON.stringify(toSpec(draft)) !== saved
  const id = { path: { id: provider.id } }
  const take = (p: Provider) => {
    setDraft(toDraft(p))
    setSaved(JSON.stringify(toSpec(toDraft(p))))
    setVersion(p.version)
  }
  const saving = useSave({
    save: (newer) => unwrap(api.PUT('/api/providers/{id}', { params: id, body: { ...toSpec(draft), version: newer ?? version } })),
    onSaved: async (p) => {
      take(p)
      toast(t('common.saved'), p.name)
      await refresh('providers', 'routes')
    },
  })
  const test = useMutation({
    mutationFn: async () => (await unwrap(api.POST('/api/providers/{id}/test', { params: id }))).results,
    onSettled: () => refresh('providers'),
  })
  const discover = useMutation({
    mutationFn: () => unwrap(api.POST('/api/providers/{id}/discover', { params: id })),
    onSuccess: ({ models, added }) => {
      // What was entered by hand stays: a vendor's list is not always whole.
      setDraft((d) => ({ ...d, models: [...new Set([...d.models, ...models])] }))
      toast(t('providers.fetched', { count: models.length }), t('providers.fetchedNew', { count: added.length }))
    },
  })
  useSaveKey(() => dirty && saving.save())
  useUnsaved(dirty)
  return (
    <Dialog
      open
      kind="sheet"
      onClose={onClose}
      title={provider.name}
      description={vendor ? inLanguage(vendor.name, i18n.language) : provider.vendor}
      footer={
        <>
          <Button look="dangerQuiet" icon={Trash2} className="mr-auto" onClick={() => setDeleting(true)}>
            {t('common.delete')}
          </Button>
          {/* A copy is made of what is saved, and unsaved changes would be lost by leaving. */}
          {!dirty && (
            <Button icon={CopyPlus} onClick={onDuplicate}>
              {t('providers.duplicate')}
            </Button>
          )}
          {dirty && <Button onClick={() => take(provider)}>{t('common.discard')}</Button>}
          <Button look="primary" disabled={!dirty} busy={saving.busy} onClick={() => saving.save()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <div className="space-y-6">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <Switch label={t('providers.enabled')} checked={draft.enabled} onChange={(enabled) => setDraft({ ...draft, enabled })} />
          <Button icon={Activity} busy={test.isPending} onClick={() => test.mutate()}>
            {t('providers.test')}
          </Button>
        </div>
        <TestResults results={test.data} error={test.error} />
        <Keys provider={provider} vendor={vendor} onChanged={(p) => setVersion((mine) => (mine === p.version - 1 ? p.version : mine))} />
        <form
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (dirty) saving.save()
          }}
        >
          <h3 className="font-semibold text-[1.07rem]">{t('providers.settings')}</h3>
          <ProviderFields
            draft={draft}
            onChange={setDraft}
            vendor={vendor}
            error={saving.error}
            fetchModels={() => discover.mutate()}
            fetching={discover.isPending}
          />
          {discover.isError && <ErrorNote error={discover.error} />}
          {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
          <button type="submit" hidden aria-hidden tabIndex={-1} />
        </form>
      </div>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={{ ...toSpec(draft) }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take(await unwrap(api.GET('/api/providers/{id}', { params: id })))
            saving.reset()
            await refresh('providers')
          }}
        />
      )}
      {deleting && <DeleteProvider provider={provider} onClose={() => setDeleting(false)} onDone={onClose} />}
    </Dialog>
  )
}

function TestResults({ results, error }: { results: Probe[] | undefined; error: unknown }) {
  if (error) return <ErrorNote error={error} />
  return results?.map((probe, i) => (
    <div key={probe.key_id ?? i}>
      {probe.key && <p className="mb-1 font-medium text-[0.93rem]">{probe.key}</p>}
      <ProbeResult probe={probe} />
    </div>
  ))
}

function DeleteProvider({ provider, onClose, onDone }: { provider: Provider; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation()
  const routes = usedBy(useQuery(queries.routes).data ?? [], provider.name)
  const links = (
    <ul className="list-disc pl-5">
      {routes.map((route) => (
        <li key={route.id}>
          <Link to="/routes/$id" params={{ id: route.id }} className="font-medium text-accent underline">
            {route.name}
          </Link>
        </li>
      ))}
    </ul>
  )
  return (
    <Confirm
      title={t('providers.deleteTitle', { name: provider.name })}
      action={t('common.delete')}
      onClose={onClose}
      onConfirm={async () => {
        await unwrap(api.DELETE('/api/providers/{id}', { params: { path: { id: provider.id } } }))
        toastDeleted(provider.name, `delete provider ${provider.name}`)
        onDone()
        await refresh('providers')
      }}
      explain={(error) => error instanceof ApiError && error.code === 'in_use' && <ErrorNote error={error} />}
    >
      <p>{t('providers.deleteAsk')}</p>
      {routes.length > 0 && (
        <Notice>
          <p className="mb-1 font-medium">{t('providers.deleteUsed')}</p>
          {links}
        </Notice>
      )}
    </Confirm>
  )
}
