import { useMutation, useQuery } from '@tanstack/react-query'
import { BellRing, Plus, Send, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Schemas, unwrap } from '@/api/client'
import { faultAt } from '@/api/problem'
import { queries, refresh } from '@/api/queries'
import { useFormat } from '@/lib/format'
import { useSaveKey, useUnsaved } from '@/lib/hooks'
import { replaced, without } from '@/lib/list'
import { freeName } from '@/lib/vendors'
import { Conflict } from '@/parts/Conflict'
import { useSave } from '@/parts/useSave'
import { Badge } from '@/ui/Badge'
import { Button, IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { ErrorNote, Loading, Notice } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { Switch } from '@/ui/Switch'
import { toast } from '@/ui/toast'
import { RuleFields } from './AlertRules'

type Alerts = Schemas['Alerts']
type Channel = Schemas['AlertChannel']
const kinds = ['feishu', 'dingtalk', 'wecom', 'slack', 'generic'] as const

/** What is worth telling, whom, and what was told. */
export function Alerts() {
  const alerts = useQuery(queries.alerts)
  return (
    <div className="space-y-4">
      <Loading query={alerts}>{(data) => <Form alerts={data} />}</Loading>
      <Told />
    </div>
  )
}

type Draft = Omit<Alerts, 'version'>

function toDraft({ version: _, ...rest }: Alerts): Draft {
  return rest
}

function Form({ alerts }: { alerts: Alerts }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(() => toDraft(alerts))
  const [saved, setSaved] = useState(() => JSON.stringify(toDraft(alerts)))
  const [version, setVersion] = useState(alerts.version)
  const dirty = JSON.stringify(draft) !== saved
  const take = (a: Alerts) => {
    setDraft(toDraft(a))
    setSaved(JSON.stringify(toDraft(a)))
    setVersion(a.version)
  }
  const saving = useSave({
    save: (newer) => unwrap(api.PUT('/api/settings/alerts', { body: { ...draft, version: newer ?? version } })),
    onSaved: async (a) => {
      take(a)
      toast(t('common.saved'))
      await refresh('alerts')
    },
  })
  useSaveKey(() => dirty && saving.save())
  useUnsaved(dirty)
  const setChannels = (channels: Channel[]) => setDraft({ ...draft, channels })
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        saving.save()
      }}
    >
      <Card title={t('alerts.title')} note={t('alerts.note')}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Switch label={t('alerts.enabled')} checked={draft.enabled} onChange={(enabled) => setDraft({ ...draft, enabled })} />
          <Select
            label={t('alerts.language')}
            value={draft.language ?? 'zh'}
            onChange={(language) => setDraft({ ...draft, language: language as Draft['language'] })}
            options={[
              { value: 'zh', label: t('alerts.zh') },
              { value: 'en', label: 'English' },
            ]}
          />
        </div>
      </Card>
      <Card
        title={t('alerts.channels')}
        note={t('alerts.channelsNote')}
        actions={
          <Button
            size="sm"
            icon={Plus}
            onClick={() =>
              setChannels([
                ...draft.channels,
                {
                  kind: 'feishu',
                  name: freeName(
                    'webhook',
                    draft.channels.map((c) => c.name),
                  ),
                  url: '',
                },
              ])
            }
          >
            {t('common.add')}
          </Button>
        }
      >
        {draft.channels.length === 0 && <p className="text-ink2">{t('alerts.noChannel')}</p>}
        <ul className="space-y-4">
          {draft.channels.map((channel, i) => (
            <ChannelFields
              key={i}
              channel={channel}
              place={i}
              error={saving.error}
              language={draft.language}
              onChange={(next) => setChannels(replaced(draft.channels, i, next))}
              onRemove={() => setChannels(without(draft.channels, i))}
            />
          ))}
        </ul>
      </Card>
      <RuleFields rules={draft.rules ?? {}} onChange={(rules) => setDraft({ ...draft, rules })} error={saving.error} />
      {saving.error && !saving.inConflict && <ErrorNote error={saving.error} />}
      <div className="sticky bottom-0 flex justify-end gap-2 bg-bg py-3">
        {dirty && <Button onClick={() => take(alerts)}>{t('common.discard')}</Button>}
        <Button look="primary" type="submit" busy={saving.busy} disabled={!dirty}>
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
            take(await unwrap(api.GET('/api/settings/alerts')))
            saving.reset()
          }}
        />
      )}
    </form>
  )
}

interface ChannelProps {
  channel: Channel
  place: number
  language: Alerts['language']
  error: unknown
  onChange: (channel: Channel) => void
  onRemove: () => void
}

function ChannelFields({ channel, place, language, error, onChange, onRemove }: ChannelProps) {
  const { t } = useTranslation()
  const set = (change: Partial<Channel>) => onChange({ ...channel, ...change })
  const test = useMutation({
    mutationFn: () => unwrap(api.POST('/api/alerts/test', { body: { channel, language } })),
  })
  const at = `channels[${place}]`
  return (
    <li className="space-y-3 rounded-xl border border-line p-3">
      <div className="grid items-start gap-3 md:grid-cols-[10rem_12rem_minmax(0,1fr)]">
        <TextField label={t('alerts.name')} value={channel.name} onChange={(name) => set({ name })} error={faultAt(error, `${at}.name`)} />
        <Select
          label={t('alerts.kind')}
          value={channel.kind}
          onChange={(kind) => set({ kind: kind as Channel['kind'] })}
          options={kinds.map((value) => ({ value, label: t(`alerts.kindOf.${value}`) }))}
        />
        <TextField
          label={t('alerts.url')}
          placeholder="https://hooks.example.com/…"
          value={channel.url}
          onChange={(url) => set({ url })}
          error={faultAt(error, `${at}.url`)}
          mono
        />
      </div>
      {(channel.kind === 'feishu' || channel.kind === 'dingtalk' || channel.kind === 'generic') && (
        <TextField
          label={t('alerts.secret')}
          hint={t('alerts.secretHint')}
          value={channel.secret ?? ''}
          onChange={(secret) => set({ secret: secret || undefined })}
          error={faultAt(error, `${at}.secret`)}
          mono
        />
      )}
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
        <Switch label={t('common.enabled')} checked={channel.enabled ?? true} onChange={(on) => set({ enabled: on ? undefined : false })} />
        <Switch
          label={t('providers.private')}
          checked={channel.allow_private ?? false}
          onChange={(on) => set({ allow_private: on || undefined })}
        />
        <span className="flex-1" />
        <Button size="sm" icon={Send} busy={test.isPending} disabled={!channel.url} onClick={() => test.mutate()}>
          {t('alerts.test')}
        </Button>
        <IconButton label={t('common.removeItem', { name: channel.name })} icon={Trash2} danger onClick={onRemove} />
      </div>
      {test.data && (
        <div role="status">
          {test.data.ok ? <Notice tone="ok">{t('alerts.sent')}</Notice> : <Notice>{test.data.problem || t('alerts.notSent')}</Notice>}
        </div>
      )}
      {test.isError && <ErrorNote error={test.error} />}
    </li>
  )
}

/** What goes on now, and what was told. */
function Told() {
  const { t } = useTranslation()
  const f = useFormat()
  const told = useQuery(queries.told)
  return (
    <Loading query={told} rows={2}>
      {({ active, events }) => (
        <Card title={t('alerts.told')} flush>
          <ul className="divide-y divide-line border-line border-t">
            {active.map((alert) => (
              <li key={`${alert.rule} ${alert.subject}`} className="flex flex-wrap items-center gap-3 bg-warnbg px-4 py-2 text-warn">
                <BellRing aria-hidden className="size-4" />
                <span className="min-w-0 flex-1 break-words">{alert.message}</span>
                <span className="text-[0.93rem]">{t('overview.since', { when: f.time(alert.since) })}</span>
              </li>
            ))}
            {events.slice(0, 20).map((event, i) => (
              <li key={i} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2">
                <Badge tone={event.state === 'resolved' ? 'ok' : event.state === 'fired' ? 'bad' : 'warn'} mark>
                  {t(`alerts.state.${event.state}`)}
                </Badge>
                <span className="min-w-0 flex-1 break-words">{event.message}</span>
                {event.problem && <span className="text-bad">{event.problem}</span>}
                <time dateTime={event.at} className="text-[0.93rem] text-ink3">
                  {f.time(event.at)}
                </time>
              </li>
            ))}
            {active.length + events.length === 0 && <li className="px-4 py-3 text-ink2">{t('alerts.quiet')}</li>}
          </ul>
        </Card>
      )}
    </Loading>
  )
}
