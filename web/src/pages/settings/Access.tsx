import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Settings, unwrap } from '@/api/client'
import { faultAt } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { useSaveKey, useUnsaved } from '@/lib/hooks'
import { Conflict } from '@/parts/Conflict'
import { TimeoutFields } from '@/parts/TimeoutFields'
import { useSave } from '@/parts/useSave'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { cx } from '@/ui/cx'
import { ErrorNote, Loading, Notice } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { Switch } from '@/ui/Switch'
import { toast } from '@/ui/toast'

const modes = ['local', 'keys', 'open'] as const
const sizes = ['body_bytes', 'event_bytes', 'answer_bytes'] as const
const defaults = { body_bytes: '64', event_bytes: '32', answer_bytes: '256', in_flight: '2000' }

/** Who may call, how much, and how long it may take. */
export function Access() {
  const settings = useQuery(queries.settings)
  return <Loading query={settings}>{(data) => <Form settings={data} />}</Loading>
}

interface Draft {
  access: Settings['access']
  limits: Settings['limits']
  timeouts: Settings['timeouts']
}

function toDraft({ access, limits, timeouts }: Settings): Draft {
  return { access, limits, timeouts }
}

function Form({ settings }: { settings: Settings }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(() => toDraft(settings))
  const [saved, setSaved] = useState(() => JSON.stringify(toDraft(settings)))
  const [version, setVersion] = useState(settings.version)
  const [understood, setUnderstood] = useState(false)
  const dirty = JSON.stringify(draft) !== saved
  const opening = draft.access === 'open' && (JSON.parse(saved) as Draft).access !== 'open'
  const take = (s: Settings) => {
    setDraft(toDraft(s))
    setSaved(JSON.stringify(toDraft(s)))
    setVersion(s.version)
    setUnderstood(false)
  }
  const saving = useSave({
    save: (newer) =>
      unwrap(
        api.PUT('/api/settings', {
          body: { ...draft, i_understand: draft.access === 'open' ? understood || !opening : undefined, version: newer ?? version },
        }),
      ),
    onSaved: async (s) => {
      take(s)
      toast(t('common.saved'))
      await refresh('settings')
    },
  })
  useSaveKey(() => dirty && (!opening || understood) && saving.save())
  useUnsaved(dirty)
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        saving.save()
      }}
    >
      <Card title={t('settings.access')} note={t('settings.accessNote')}>
        <RadioGroup
          aria-label={t('settings.access')}
          value={draft.access}
          onValueChange={(access) => setDraft({ ...draft, access: access as Draft['access'] })}
          className="space-y-2"
        >
          {modes.map((mode) => (
            <label
              key={mode}
              htmlFor={`access-${mode}`}
              className={cx(
                'flex items-start gap-3 rounded-xl border p-3',
                draft.access === mode ? 'border-accent bg-tint' : 'border-line hover:bg-sunken',
              )}
            >
              <Radio.Root
                id={`access-${mode}`}
                value={mode}
                aria-label={t(`access.${mode}`)}
                className="mt-0.5 flex size-[1.15rem] shrink-0 items-center justify-center rounded-full border-2 border-ink3 data-[checked]:border-accent"
              >
                <Radio.Indicator className="size-2 rounded-full bg-accent" />
              </Radio.Root>
              <span>
                <span className="block font-medium">{t(`access.${mode}`)}</span>
                <span className="text-ink2">{t(`access.${mode}_note`)}</span>
              </span>
            </label>
          ))}
        </RadioGroup>
        {draft.access === 'open' && (
          <div className="mt-3 space-y-3">
            <Notice>{t('settings.openWarning')}</Notice>
            {opening && <Switch label={t('settings.understand')} checked={understood} onChange={setUnderstood} />}
          </div>
        )}
      </Card>
      <Card title={t('settings.limits')} note={t('settings.limitsNote')}>
        <div className="grid gap-4 sm:grid-cols-2">
          {sizes.map((size) => (
            <TextField
              key={size}
              label={t(`settings.${size}`)}
              type="number"
              min={0}
              step="any"
              placeholder={defaults[size]}
              value={draft.limits[size] ? String((draft.limits[size] ?? 0) / 2 ** 20) : ''}
              onChange={(text) =>
                setDraft({ ...draft, limits: { ...draft.limits, [size]: Math.round(Number(text) * 2 ** 20) || undefined } })
              }
              error={faultAt(saving.error, `limits.${size}`)}
            />
          ))}
          <TextField
            label={t('settings.in_flight')}
            type="number"
            min={0}
            step={1}
            placeholder={defaults.in_flight}
            value={draft.limits.in_flight ? String(draft.limits.in_flight) : ''}
            onChange={(text) => setDraft({ ...draft, limits: { ...draft.limits, in_flight: Math.round(Number(text)) || undefined } })}
            error={faultAt(saving.error, 'limits.in_flight')}
          />
        </div>
      </Card>
      <Card>
        <TimeoutFields value={draft.timeouts} onChange={(timeouts) => setDraft({ ...draft, timeouts })} error={saving.error} />
      </Card>
      {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
      <div className="sticky bottom-0 flex justify-end gap-2 bg-bg py-3">
        {dirty && <Button onClick={() => take(settings)}>{t('common.discard')}</Button>}
        <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty || (opening && !understood)}>
          {t('common.save')}
        </Button>
      </div>
      {saving.inConflict && (
        <Conflict
          error={saving.error}
          mine={{ ...draft }}
          onClose={saving.reset}
          onMine={saving.save}
          onTheirs={async () => {
            take(await unwrap(api.GET('/api/settings')))
            saving.reset()
            await refresh('settings')
          }}
        />
      )}
    </form>
  )
}
