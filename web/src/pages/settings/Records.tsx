import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Schemas, unwrap } from '@/api/client'
import { faultAt } from '@/api/problem'
import { client, queries, refresh } from '@/api/queries'
import { useSaveKey, useUnsaved } from '@/lib/hooks'
import { Conflict } from '@/parts/Conflict'
import { RedactionRules, type Rules, TryRedaction } from '@/parts/Redaction'
import { useDraft } from '@/parts/useDraft'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { ErrorNote, Loading } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { toast } from '@/ui/toast'
import { Captured } from './Captured'
import { Room } from './Room'
import { bodyOf, type Draft, isOutside, type Limit, leastGiB, toDraft, unlimited } from './retention'

/** What is kept of requests, for how long, what is blacked out, and the room it takes. */
export function Records() {
  const { t } = useTranslation()
  const settings = useQuery(queries.records)
  const [rules, setRules] = useState<Rules>({})
  return (
    <div className="space-y-4">
      <Room settings={settings.data} />
      <Loading query={settings}>{(data) => <Retention settings={data} />}</Loading>
      <Captured />
      <Card title={t('redaction.card')} note={t('redaction.cardNote')}>
        <div className="space-y-4">
          <RedactionRules rules={rules} onChange={setRules} />
          <TryRedaction rules={rules} />
        </div>
      </Card>
    </div>
  )
}

const limits = [
  ['request_days', '30'],
  ['request_bytes', '10'],
  ['content_bytes', '1'],
  ['sum_days', '400'],
] as const

function Retention({ settings }: { settings: Schemas['RecordSettings'] }) {
  const { t } = useTranslation()
  const { version, draft, setDraft, dirty, take, discard } = useDraft(settings, toDraft)
  const body = bodyOf(draft)
  const outside = limits.some(([name]) => isOutside(draft, name))
  const saving = useSave({
    save: (newer) => unwrap(api.PUT('/api/settings/records', { body: { ...body, version: newer ?? version } })),
    onSaved: async (saved) => {
      client.setQueryData(queries.records.queryKey, saved)
      take(saved)
      toast(t('common.saved'))
      await refresh('records')
    },
  })
  useSaveKey(() => dirty && !outside && saving.save())
  useUnsaved(dirty)
  return (
    <Card title={t('records.retention')} note={t('records.retentionNote')}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (!outside) saving.save()
        }}
      >
        <div className="grid items-start gap-4 sm:grid-cols-2">
          {limits.map(([name, normal]) => (
            <LimitField
              key={name}
              name={name}
              normal={normal}
              draft={draft}
              onChange={setDraft}
              error={isOutside(draft, name) ? t('records.outside', { least: leastGiB.toPrecision(2) }) : faultAt(saving.error, name)}
            />
          ))}
        </div>
        {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
        <div className="flex gap-2">
          <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty || outside}>
            {t('common.save')}
          </Button>
          {dirty && <Button onClick={discard}>{t('common.discard')}</Button>}
        </div>
      </form>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={{ ...body }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take(await client.fetchQuery({ ...queries.records, staleTime: 0 }))
            saving.reset()
          }}
        />
      )}
    </Card>
  )
}

interface LimitProps {
  name: Limit
  normal: string
  draft: Draft
  onChange: (draft: Draft) => void
  error: string | undefined
}

/** A bound that may be left to its default, set, or lifted. */
function LimitField({ name, normal, draft, onChange, error }: LimitProps) {
  const { t } = useTranslation()
  const lifted = draft[name] === unlimited
  const label = t(`records.limit.${name}`)
  return (
    <TextField
      label={label}
      hint={t(`records.hint.${name}`)}
      type={lifted ? 'text' : 'number'}
      min={0}
      step="any"
      placeholder={normal}
      value={lifted ? t('records.unlimited') : draft[name]}
      disabled={lifted}
      onChange={(text) => onChange({ ...draft, [name]: text })}
      error={error}
      aside={
        <button
          type="button"
          aria-pressed={lifted}
          aria-label={`${label}: ${t('records.unlimited')}`}
          onClick={() => onChange({ ...draft, [name]: lifted ? '' : unlimited })}
          className="rounded px-1 text-[0.93rem] text-ink2 underline decoration-dotted underline-offset-2 hover:text-ink aria-pressed:font-medium aria-pressed:text-accent"
        >
          {t('records.unlimited')}
        </button>
      }
    />
  )
}
