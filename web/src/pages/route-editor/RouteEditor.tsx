import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { Boxes } from 'lucide-react'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Provider, type Route, unwrap } from '@/api/client'
import { faultAt } from '@/api/problem'
import { client, queries, refresh } from '@/api/queries'
import { difference } from '@/lib/diff'
import { useSaveKey, useUnsaved } from '@/lib/hooks'
import { lazily } from '@/lib/lazily'
import { useParam } from '@/lib/params'
import { freeName } from '@/lib/vendors'
import { Conflict } from '@/parts/Conflict'
import { DiffTable } from '@/parts/DiffTable'
import { DryRun } from '@/parts/DryRun'
import { Snippets } from '@/parts/Snippets'
import { shadowOf } from '@/parts/shadow'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Disclosure } from '@/ui/Disclosure'
import { Empty, ErrorNote, Loading, Notice, Skeleton } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { Segmented } from '@/ui/Segmented'
import { Switch } from '@/ui/Switch'
import { TagsField } from '@/ui/TagsField'
import { toast } from '@/ui/toast'
import { Advanced } from './Advanced'
import { Capture } from './Capture'
import { type Draft, emptyDraft, toDraft, toSpec } from './draft'
import { Failover } from './Failover'
import { GameDay } from './GameDay'
import { RouteDay } from './RouteDay'
import { Steps } from './Steps'

const YamlView = lazily(() => import('./YamlView'))

export default function RouteEditor() {
  const { t } = useTranslation()
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const [from] = useParam('from')
  const providers = useQuery(queries.providers)
  const routes = useQuery(queries.routes)
  return (
    <Loading query={providers}>
      {(list) => (
        <Loading query={routes}>
          {(all) => {
            const route = all.find((r) => r.id === id)
            const copied = all.find((r) => r.id === from)
            if (list.length === 0) return <NoProviders />
            if (!route && id !== 'new') {
              return <Empty icon={Boxes} title={t('routes.gone')} action={<BackLink />} />
            }
            return (
              <Editor key={`${id} ${from ?? ''}`} route={route} copied={copied} providers={list} names={all.map((r) => r.name)} all={all} />
            )
          }}
        </Loading>
      )}
    </Loading>
  )
}

function NoProviders() {
  const { t } = useTranslation()
  return (
    <Empty
      icon={Boxes}
      title={t('routes.noProviders')}
      action={
        <Link to="/providers" search={{ new: '1' } as never} className="font-medium text-accent underline">
          {t('providers.add')}
        </Link>
      }
    />
  )
}

function BackLink() {
  const { t } = useTranslation()
  return (
    <Link to="/routes" className="text-accent hover:underline">
      ← {t('routes.back')}
    </Link>
  )
}

interface Props {
  route: Route | undefined
  copied: Route | undefined
  providers: Provider[]
  names: string[]
  all: Route[]
}

/** What a new route begins as. */
function begin({ route, copied, providers, names }: Props): Draft {
  if (route) return toDraft(route)
  if (!copied) return emptyDraft(providers[0]?.name ?? '')
  return { ...toDraft(copied), name: freeName(copied.name, names) }
}

function Editor(props: Props) {
  const { route, providers } = props
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [draft, setDraft] = useState(() => begin(props))
  const [view, setView] = useParam('view')
  const [saved, setSaved] = useState(() => (route ? JSON.stringify(toSpec(toDraft(route))) : ''))
  const [version, setVersion] = useState(route?.version ?? 0)
  const dirty = JSON.stringify(toSpec(draft)) !== saved
  const take = (r: Route) => {
    setDraft(toDraft(r))
    setSaved(JSON.stringify(toSpec(toDraft(r))))
    setVersion(r.version)
  }
  const saving = useSave({
    save: (newer) => {
      const body = toSpec(draft)
      if (!route) return unwrap(api.POST('/api/routes', { body }))
      return unwrap(api.PUT('/api/routes/{id}', { params: { path: { id: route.id } }, body: { ...body, version: newer ?? version } }))
    },
    onSaved: async (r) => {
      take(r)
      toast(t('common.saved'), r.name)
      client.setQueryData(queries.routes.queryKey, (old) =>
        old ? [...old.filter((o) => o.id !== r.id), r].sort((a, b) => a.position - b.position) : old,
      )
      await refresh('routes')
      if (!route) void navigate({ to: '/routes/$id', params: { id: r.id }, search: {} as never, replace: true })
    },
  })
  useSaveKey(() => dirty && saving.save())
  useUnsaved(dirty && route !== undefined)
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change })
  const spec = toSpec(draft)
  const shadow = shadowOf(
    {
      id: route?.id ?? '',
      name: draft.name,
      enabled: draft.enabled,
      position: route?.position ?? props.all.length,
      match: spec.match ?? {},
    },
    props.all,
  )
  const model = draft.models.find((m) => !/[*?[/]/.test(m)) ?? ''

  return (
    <>
      <div className="mb-3">
        <BackLink />
      </div>
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            saving.save()
          }}
          className="min-w-0 rounded-2xl border border-line bg-surface p-4 shadow-card sm:p-5"
        >
          <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
            <h2 className="break-all font-semibold text-[1.15rem]">{route?.name ?? t('routes.new')}</h2>
            <div className="flex flex-wrap items-center gap-2">
              <Switch label={t('common.enabled')} checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
              {route && dirty && <Button onClick={() => take(route)}>{t('common.discard')}</Button>}
              <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty}>
                {route ? t('common.save') : t('common.create')}
              </Button>
            </div>
          </div>
          <div className="space-y-5">
            <div className="grid items-start gap-4 md:grid-cols-2">
              <TextField
                label={t('routes.name')}
                value={draft.name}
                onChange={(name) => set({ name })}
                placeholder="chat"
                error={faultAt(saving.error, 'name')}
              />
              <TagsField
                label={t('routes.models')}
                hint={t('routes.modelsHint')}
                placeholder={t('routes.modelsAny')}
                values={draft.models}
                onChange={(models) => set({ models })}
                error={modelFaults(saving.error, draft)}
              />
            </div>
            {shadow && <Shadowed by={shadow} />}
            <Segmented
              label={t('routes.view')}
              value={view === 'yaml' ? 'yaml' : 'chain'}
              options={[
                { value: 'chain', label: t('routes.viewChain') },
                { value: 'yaml', label: 'YAML' },
              ]}
              onChange={(next) => setView(next === 'yaml' ? 'yaml' : undefined)}
            />
            {view === 'yaml' ? (
              <Suspense fallback={<Skeleton className="h-96 w-full" />}>
                <YamlView draft={draft} onChange={setDraft} />
              </Suspense>
            ) : (
              <>
                <Steps draft={draft} onChange={set} providers={providers} error={saving.error} />
                <Failover draft={draft} onChange={set} error={saving.error} />
                <Capture draft={draft} onChange={set} error={saving.error} />
                <Advanced draft={draft} onChange={set} error={saving.error} />
              </>
            )}
            {route && dirty && (
              <Disclosure title={t('routes.changes')}>
                <DiffTable rows={difference(JSON.parse(saved), JSON.parse(JSON.stringify(spec)))} />
              </Disclosure>
            )}
            {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
          </div>
        </form>
        <div className="min-w-0 space-y-4">
          <Card title={t('dryRun.title')} note={t('dryRun.note')}>
            {dirty && (
              <div className="mb-3">
                <Notice tone="info">{t('dryRun.unsaved')}</Notice>
              </div>
            )}
            <DryRun key={model} model={model} />
          </Card>
          {route && <RouteDay name={route.name} />}
          {route && <GameDay id={route.id} dirty={dirty} />}
          {route && model && (
            <Card title={t('routes.use')}>
              <Snippets model={model} />
            </Card>
          )}
        </div>
      </div>
      {saving.inConflict && route && (
        <Conflict
          error={saving.error}
          mine={{ ...toSpec(draft) }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take(await unwrap(api.GET('/api/routes/{id}', { params: { path: { id: route.id } } })))
            saving.reset()
            await refresh('routes')
          }}
        />
      )}
    </>
  )
}

/** Says that another route takes everything this one could. */
function Shadowed({ by }: { by: Route }) {
  const { t } = useTranslation()
  return (
    <Notice>
      {t('routes.shadowed')}{' '}
      <Link to="/routes/$id" params={{ id: by.id }} className="font-medium underline">
        {by.name}
      </Link>
      . {t('routes.shadowedHint')}
    </Notice>
  )
}

/** What is wrong with the models, each fault with the model it is about. */
function modelFaults(error: unknown, draft: Draft): string | undefined {
  const found = draft.models.flatMap((model, i) => {
    const fault = faultAt(error, `match.models[${i}].value`)
    return fault ? [`${model}: ${fault}`] : []
  })
  return found.length > 0 ? found.join('; ') : faultAt(error, 'match.models')
}
