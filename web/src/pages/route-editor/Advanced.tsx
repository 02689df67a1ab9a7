import { useTranslation } from 'react-i18next'
import { faultAt, faultsBelow } from '@/api/problem'
import { TimeoutFields } from '@/parts/TimeoutFields'
import { Disclosure } from '@/ui/Disclosure'
import { TextField } from '@/ui/Field'
import { PairsField } from '@/ui/PairsField'
import { Switch } from '@/ui/Switch'
import { TagsField } from '@/ui/TagsField'
import { Conditions } from './Conditions'
import type { Draft } from './draft'

interface Props {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  error: unknown
}

/** What few routes need: more conditions, other triggers, clocks of their own. */
export function Advanced({ draft, onChange, error }: Props) {
  const { t } = useTranslation()
  return (
    <Disclosure title={t('common.advanced')} note={t('routes.advancedNote')}>
      <div className="grid items-start gap-4 md:grid-cols-2">
        <TagsField
          label={t('routes.hosts')}
          hint={t('routes.hostsHint')}
          values={draft.hosts}
          onChange={(hosts) => onChange({ hosts })}
          placeholder="*.example.com"
          error={faultsBelow(error, 'match.hosts')}
        />
        <TextField
          label={t('routes.pathPrefix')}
          hint={t('routes.pathPrefixHint')}
          placeholder="/team-a"
          value={draft.path_prefix}
          onChange={(path_prefix) => onChange({ path_prefix })}
          error={faultAt(error, 'match.path_prefix')}
          mono
        />
      </div>
      <PairsField
        label={t('routes.headers')}
        hint={t('routes.headersHint')}
        pairs={draft.headers}
        onChange={(headers) => onChange({ headers })}
        nameLabel={t('providers.headerName')}
        valueLabel={t('providers.headerValue')}
        error={faultsBelow(error, 'match.headers')}
      />
      <PairsField
        label={t('routes.query')}
        pairs={draft.query}
        onChange={(query) => onChange({ query })}
        nameLabel={t('providers.queryName')}
        valueLabel={t('providers.queryValue')}
        error={faultsBelow(error, 'match.query')}
      />
      <div>
        <p className="font-medium">{t('routes.on')}</p>
        <p className="mb-1.5 text-[0.93rem] text-ink3">{t('routes.onHint')}</p>
        <Conditions
          plain
          label={t('routes.on')}
          on={draft.on}
          inherited={[]}
          onChange={(on) => onChange({ on })}
          error={faultsBelow(error, 'on')}
        />
      </div>
      <Switch label={t('routes.strict')} note={t('routes.strictNote')} checked={draft.strict} onChange={(strict) => onChange({ strict })} />
      <TimeoutFields value={draft.timeouts} onChange={(timeouts) => onChange({ timeouts })} error={error} />
    </Disclosure>
  )
}
