import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/api/client'
import { faultAt } from '@/api/problem'
import { Card } from '@/ui/Card'
import { TextField } from '@/ui/Field'
import { Switch } from '@/ui/Switch'

type Rules = Schemas['AlertRules']

/** What is worth telling, and from when on. */
export function RuleFields({ rules, onChange, error }: { rules: Rules; onChange: (rules: Rules) => void; error: unknown }) {
  const { t } = useTranslation()
  const number = (text: string) => (Number(text) > 0 ? Math.round(Number(text)) : undefined)
  const field = 'max-w-40'
  return (
    <Card title={t('alerts.rules')}>
      <ul className="divide-y divide-line [&>li]:flex [&>li]:flex-wrap [&>li]:items-start [&>li]:gap-x-6 [&>li]:gap-y-2 [&>li]:py-3">
        <li>
          <Rule
            name="provider_down"
            on={rules.provider_down?.enabled}
            set={(enabled) => onChange({ ...rules, provider_down: { ...rules.provider_down, enabled } })}
          />
          <TextField
            className={field}
            label={t('alerts.for')}
            placeholder="1m"
            mono
            value={rules.provider_down?.for ?? ''}
            onChange={(text) => onChange({ ...rules, provider_down: { ...rules.provider_down, for: text || undefined } })}
            error={faultAt(error, 'rules.provider_down.for')}
          />
        </li>
        <li>
          <Rule
            name="error_rate"
            on={rules.error_rate?.enabled}
            set={(enabled) => onChange({ ...rules, error_rate: { ...rules.error_rate, enabled } })}
          />
          <TextField
            className={field}
            label={t('alerts.percent')}
            placeholder="20"
            type="number"
            value={rules.error_rate?.percent ? String(rules.error_rate.percent) : ''}
            onChange={(text) => onChange({ ...rules, error_rate: { ...rules.error_rate, percent: number(text) } })}
            error={faultAt(error, 'rules.error_rate.percent')}
          />
          <TextField
            className={field}
            label={t('alerts.within')}
            placeholder="5m"
            mono
            value={rules.error_rate?.within ?? ''}
            onChange={(text) => onChange({ ...rules, error_rate: { ...rules.error_rate, within: text || undefined } })}
            error={faultAt(error, 'rules.error_rate.within')}
          />
          <TextField
            className={field}
            label={t('alerts.least')}
            placeholder="20"
            type="number"
            value={rules.error_rate?.least ? String(rules.error_rate.least) : ''}
            onChange={(text) => onChange({ ...rules, error_rate: { ...rules.error_rate, least: number(text) } })}
            error={faultAt(error, 'rules.error_rate.least')}
          />
        </li>
        <li>
          <Rule name="key_out" on={rules.key_out?.enabled} set={(enabled) => onChange({ ...rules, key_out: { enabled } })} />
        </li>
        <li>
          <Rule
            name="disk_low"
            on={rules.disk_low?.enabled}
            set={(enabled) => onChange({ ...rules, disk_low: { ...rules.disk_low, enabled } })}
          />
          <TextField
            className={field}
            label={t('alerts.mib')}
            placeholder="1024"
            type="number"
            value={rules.disk_low?.mib ? String(rules.disk_low.mib) : ''}
            onChange={(text) => onChange({ ...rules, disk_low: { ...rules.disk_low, mib: number(text) } })}
            error={faultAt(error, 'rules.disk_low.mib')}
          />
        </li>
        <li>
          <Rule name="records_shed" on={rules.records_shed?.enabled} set={(enabled) => onChange({ ...rules, records_shed: { enabled } })} />
        </li>
        <li>
          <div className="min-w-56 flex-1">
            <p className="font-medium">{t('alerts.rule.budget')}</p>
            <p className="text-[0.93rem] text-ink3">{t('alerts.ruleNote.budget')}</p>
          </div>
          <TextField
            className={field}
            label={t('alerts.amount')}
            value={rules.budget?.amount ?? ''}
            onChange={(text) => onChange({ ...rules, budget: { ...rules.budget, amount: text || undefined } })}
            error={faultAt(error, 'rules.budget.amount')}
          />
          <TextField
            className={field}
            label={t('alerts.warn')}
            placeholder="80"
            type="number"
            value={rules.budget?.warn ? String(rules.budget.warn) : ''}
            onChange={(text) => onChange({ ...rules, budget: { ...rules.budget, warn: number(text) } })}
            error={faultAt(error, 'rules.budget.warn')}
          />
        </li>
        <li>
          <TextField
            label={t('alerts.settle')}
            hint={t('alerts.settleHint')}
            placeholder="2m"
            mono
            value={rules.settle ?? ''}
            onChange={(text) => onChange({ ...rules, settle: text || undefined })}
            error={faultAt(error, 'rules.settle')}
          />
          <TextField
            label={t('alerts.remind')}
            hint={t('alerts.remindHint')}
            placeholder="4h"
            mono
            value={rules.remind ?? ''}
            onChange={(text) => onChange({ ...rules, remind: text || undefined })}
            error={faultAt(error, 'rules.remind')}
          />
        </li>
      </ul>
    </Card>
  )
}

type RuleName = 'provider_down' | 'error_rate' | 'key_out' | 'disk_low' | 'records_shed'

function Rule({ name, on, set }: { name: RuleName; on: boolean | undefined; set: (on: boolean) => void }) {
  const { t } = useTranslation()
  return (
    <div className="min-w-56 flex-1">
      <Switch label={t(`alerts.rule.${name}`)} note={t(`alerts.ruleNote.${name}`)} checked={on ?? true} onChange={set} />
    </div>
  )
}
