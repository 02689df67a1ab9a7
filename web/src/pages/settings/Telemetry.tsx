import { useMutation, useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, type Schemas, unwrap } from '@/api/client'
import { faultAt, faultsBelow } from '@/api/problem'
import { client, queries } from '@/api/queries'
import { Conflict } from '@/parts/Conflict'
import { SecretShown } from '@/parts/SecretShown'
import { useDraft } from '@/parts/useDraft'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Code } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote, Loading } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { PairsField, toPairs, toTable } from '@/ui/PairsField'
import { Switch } from '@/ui/Switch'
import { TagsField } from '@/ui/TagsField'
import { toast } from '@/ui/toast'

/** What other systems may read of what goes on here. */
export function Telemetry() {
  const metrics = useQuery(queries.metrics)
  const tracing = useQuery(queries.tracing)
  return (
    <div className="space-y-4">
      <Loading query={metrics}>{(data) => <Metrics settings={data} />}</Loading>
      <Loading query={tracing}>{(data) => <Tracing settings={data} />}</Loading>
    </div>
  )
}

function draftOfMetrics({ version: _, token_hint: __, ...rest }: Schemas['Metrics']) {
  return rest
}

function draftOfTracing({ version: _, headers, ...rest }: Schemas['Tracing']) {
  return { ...rest, headers: toPairs(headers) }
}

function Metrics({ settings }: { settings: Schemas['Metrics'] }) {
  const { t } = useTranslation()
  const { token_hint } = settings
  const { version, draft, setDraft, dirty, take } = useDraft(settings, draftOfMetrics)
  const saving = useSave({
    save: (newer) => unwrap(api.PUT('/api/settings/metrics', { body: { ...draft, version: newer ?? version } })),
    onSaved: (saved) => {
      client.setQueryData(queries.metrics.queryKey, saved)
      take(saved)
      toast(t('common.saved'))
    },
  })
  const token = useMutation({
    mutationFn: () => unwrap(api.POST('/api/settings/metrics/token')),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.metrics.queryKey }),
  })
  return (
    <Card title={t('telemetry.metrics')} note={t('telemetry.metricsNote')}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          saving.save()
        }}
      >
        <Switch label={t('telemetry.metricsOn')} checked={draft.enabled} onChange={(enabled) => setDraft({ ...draft, enabled })} />
        {draft.enabled && (
          <>
            <Code text={`${window.location.origin}/metrics`} />
            <TagsField
              label={t('telemetry.allow')}
              hint={t('telemetry.allowHint')}
              placeholder="10.0.0.0/8"
              values={draft.allow ?? []}
              onChange={(allow) => setDraft({ ...draft, allow })}
              error={faultsBelow(saving.error, 'allow')}
            />
            <Switch
              label={t('telemetry.consumers')}
              note={t('telemetry.consumersNote')}
              checked={draft.consumers ?? false}
              onChange={(consumers) => setDraft({ ...draft, consumers })}
            />
          </>
        )}
        {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
        {token.isError && <ErrorNote error={token.error} />}
        <div className="flex flex-wrap items-center gap-2">
          <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty}>
            {t('common.save')}
          </Button>
          <Button icon={KeyRound} busy={token.isPending} onClick={() => token.mutate()}>
            {token_hint ? t('telemetry.newToken') : t('telemetry.token')}
          </Button>
          {token_hint && <span className="font-mono text-[0.9rem] text-ink2">{token_hint}</span>}
        </div>
      </form>
      {token.data && (
        <Dialog
          open
          onClose={token.reset}
          title={t('telemetry.token')}
          footer={
            <Button look="primary" onClick={token.reset}>
              {t('keys.saved')}
            </Button>
          }
        >
          <SecretShown secret={token.data.token} />
        </Dialog>
      )}
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={{ ...draft }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take(await client.fetchQuery({ ...queries.metrics, staleTime: 0 }))
            saving.reset()
          }}
        />
      )}
    </Card>
  )
}

function Tracing({ settings }: { settings: Schemas['Tracing'] }) {
  const { t } = useTranslation()
  const { version, draft, setDraft, dirty, take } = useDraft(settings, draftOfTracing)
  const body = { ...draft, headers: toTable(draft.headers) }
  const saving = useSave({
    save: (newer) => unwrap(api.PUT('/api/settings/tracing', { body: { ...body, version: newer ?? version } })),
    onSaved: (saved) => {
      client.setQueryData(queries.tracing.queryKey, saved)
      take(saved)
      toast(t('common.saved'))
    },
  })
  return (
    <Card title={t('telemetry.tracing')} note={t('telemetry.tracingNote')}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          saving.save()
        }}
      >
        <Switch label={t('telemetry.tracingOn')} checked={draft.enabled} onChange={(enabled) => setDraft({ ...draft, enabled })} />
        {draft.enabled && (
          <>
            <div className="grid items-start gap-4 sm:grid-cols-[minmax(0,1fr)_12rem]">
              <TextField
                label={t('telemetry.endpoint')}
                placeholder="http://localhost:4318"
                value={draft.endpoint ?? ''}
                onChange={(endpoint) => setDraft({ ...draft, endpoint })}
                error={faultAt(saving.error, 'endpoint')}
                mono
              />
              <TextField
                label={t('telemetry.sample')}
                type="number"
                min={0}
                max={1000}
                placeholder="1000"
                value={draft.sample === undefined ? '' : String(draft.sample)}
                onChange={(text) => setDraft({ ...draft, sample: text === '' ? undefined : Math.round(Number(text)) })}
                error={faultAt(saving.error, 'sample')}
              />
            </div>
            <PairsField
              label={t('providers.headers')}
              hint={t('telemetry.headersHint')}
              pairs={draft.headers}
              onChange={(headers) => setDraft({ ...draft, headers })}
              nameLabel={t('providers.headerName')}
              valueLabel={t('providers.headerValue')}
              error={faultsBelow(saving.error, 'headers')}
            />
            <Switch
              label={t('telemetry.propagate')}
              note={t('telemetry.propagateNote')}
              checked={draft.propagate ?? false}
              onChange={(propagate) => setDraft({ ...draft, propagate })}
            />
          </>
        )}
        {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
        <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty}>
          {t('common.save')}
        </Button>
      </form>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={{ ...body }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take(await client.fetchQuery({ ...queries.tracing, staleTime: 0 }))
            saving.reset()
          }}
        />
      )}
    </Card>
  )
}
