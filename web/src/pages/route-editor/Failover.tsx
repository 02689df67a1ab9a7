import { useTranslation } from 'react-i18next'
import { faultAt, faultsBelow } from '@/api/problem'
import { classText } from '@/parts/failure'
import { Disclosure } from '@/ui/Disclosure'
import { TextField } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { Switch } from '@/ui/Switch'
import type { Draft } from './draft'

/** What follows a failure unless a route says otherwise; as the data plane has it. */
const defaults = {
  connect: 'retry',
  server_error: 'retry',
  overloaded: 'retry',
  rate_limited: 'next_key',
  quota_exhausted: 'next_key',
  auth: 'next_key',
  tls: 'next_target',
  headers_timeout: 'next_target',
  first_token_timeout: 'next_target',
  idle_timeout: 'next_target',
  model_not_found: 'next_target',
  malformed: 'next_target',
  cut: 'next_target',
  context_length: 'next_target',
  content_filter: 'next_target',
  bad_request: 'next_target',
} as const
const actions = ['retry', 'next_key', 'next_target', 'give_up'] as const

interface Props {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  error: unknown
}

/** How failures are dealt with: who is asked again, who stands in, and when nobody should. */
export function Failover({ draft, onChange, error }: Props) {
  const { t } = useTranslation()
  const { failover } = draft
  const set = (change: Partial<Draft['failover']>) => onChange({ failover: { ...failover, ...change } })
  const rules = failover.rules ?? {}
  const setRule = (name: string, action: string) => {
    const { [name]: _, ...rest } = rules
    const next = action === '' ? rest : { ...rest, [name]: action }
    set({ rules: Object.keys(next).length > 0 ? next : undefined })
  }
  return (
    <Disclosure title={t('failover.title')} note={t('failover.note')}>
      <div className="grid items-start gap-4 md:grid-cols-2">
        <Select
          label={t('failover.affinity')}
          hint={t('failover.affinityHint')}
          value={draft.affinity || 'auto'}
          onChange={(affinity) => onChange({ affinity: affinity === 'auto' ? '' : affinity })}
          options={(['auto', 'on', 'off'] as const).map((value) => ({ value, label: t(`failover.affinityOf.${value}`) }))}
          error={faultAt(error, 'affinity')}
        />
        <TextField
          label={t('failover.hedge')}
          hint={t('failover.hedgeHint')}
          placeholder={t('common.off')}
          value={failover.hedge ?? ''}
          onChange={(hedge) => set({ hedge: hedge.trim() || undefined })}
          error={faultAt(error, 'failover.hedge')}
          mono
        />
        <Switch
          label={t('failover.rescue')}
          note={t('failover.rescueNote')}
          checked={failover.rescue ?? true}
          onChange={(on) => set({ rescue: on ? undefined : false })}
        />
        <TextField
          label={t('failover.ping')}
          hint={t('failover.pingHint')}
          placeholder="15s"
          value={failover.ping ?? ''}
          onChange={(ping) => set({ ping: ping.trim() || undefined })}
          error={faultAt(error, 'failover.ping')}
          mono
        />
        <Select
          label={t('failover.gone')}
          hint={t('failover.goneHint')}
          value={failover.on_client_gone ?? 'cancel'}
          onChange={(value) => set({ on_client_gone: value === 'drain' ? 'drain' : undefined })}
          options={(['cancel', 'drain'] as const).map((value) => ({ value, label: t(`failover.goneOf.${value}`) }))}
          error={faultAt(error, 'failover.on_client_gone')}
        />
        {failover.on_client_gone === 'drain' && (
          <div className="grid grid-cols-2 items-start gap-4">
            <TextField
              label={t('failover.drainTime')}
              placeholder="30s"
              value={failover.drain_time ?? ''}
              onChange={(text) => set({ drain_time: text.trim() || undefined })}
              error={faultAt(error, 'failover.drain_time')}
              mono
            />
            <TextField
              label={t('failover.drainBytes')}
              type="number"
              min={1}
              placeholder="1024"
              value={failover.drain_bytes ? String(failover.drain_bytes / 1024) : ''}
              onChange={(text) => set({ drain_bytes: Math.round(Number(text) * 1024) || undefined })}
              error={faultAt(error, 'failover.drain_bytes')}
            />
          </div>
        )}
      </div>
      <fieldset>
        <legend className="font-medium">{t('failover.rules')}</legend>
        <p className="mb-2 text-[0.93rem] text-ink3">{t('failover.rulesHint')}</p>
        <ul className="grid gap-x-6 gap-y-1.5 md:grid-cols-2">
          {(Object.keys(defaults) as (keyof typeof defaults)[]).map((name) => (
            <li key={name} className="flex items-center gap-3">
              <span className="min-w-0 flex-1 truncate" title={name}>
                {classText(t, name)}
              </span>
              <select
                aria-label={t('failover.after', { cause: classText(t, name) })}
                value={rules[name] ?? ''}
                onChange={(e) => setRule(name, e.target.value)}
                className="h-8 w-44 rounded-lg border border-line2 bg-surface px-2 text-[0.93rem]"
              >
                <option value="">{t('failover.default', { action: t(`failover.action.${defaults[name]}`) })}</option>
                {actions.map((action) => (
                  <option key={action} value={action}>
                    {t(`failover.action.${action}`)}
                  </option>
                ))}
              </select>
            </li>
          ))}
        </ul>
        {faultsBelow(error, 'failover.rules') && (
          <p role="alert" className="mt-1 text-bad">
            {faultsBelow(error, 'failover.rules')}
          </p>
        )}
      </fieldset>
    </Disclosure>
  )
}
