import { useMutation, useQuery } from '@tanstack/react-query'
import { Activity, Replace, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Provider, unwrap } from '@/api/client'
import { faultAt, faultsBelow } from '@/api/problem'
import { queries } from '@/api/queries'
import { chatModels } from '@/lib/vendors'
import { ProviderBadge, providerState } from '@/parts/keyState'
import { ProbeResult } from '@/parts/ProbeResult'
import { Button, IconButton } from '@/ui/Button'
import { ErrorNote } from '@/ui/Feedback'
import { TextField } from '@/ui/Field'
import { PairsField } from '@/ui/PairsField'
import { Select } from '@/ui/Select'
import type { DraftTarget } from './draft'

interface Props {
  target: DraftTarget
  /** In percent; none where it has the step to itself. */
  share: number | undefined
  providers: Provider[]
  path: string
  error: unknown
  onChange: (target: DraftTarget) => void
  onShare: (percent: number) => void
  onDelete: (() => void) | undefined
}

export function TargetRow({ target, share, providers, path, error, onChange, onShare, onDelete }: Props) {
  const { t } = useTranslation()
  const [mapping, setMapping] = useState(target.rewrite.length > 0)
  const vendors = useQuery(queries.vendors).data ?? []
  const provider = providers.find((p) => p.name === target.provider)
  const vendor = vendors.find((v) => v.id === provider?.vendor)
  const test = useMutation({
    mutationFn: async (id: string) => (await unwrap(api.POST('/api/providers/{id}/test', { params: { path: { id } } }))).results,
  })
  const models = provider?.models.length ? provider.models : chatModels(vendor)
  const options = providers.map((p) => ({ value: p.name, label: p.name, note: p.enabled ? undefined : t('common.off') }))
  if (!provider) options.push({ value: target.provider, label: target.provider, note: t('routes.noSuchProvider') })
  const state = provider ? providerState(provider, vendor?.key_optional ?? false) : undefined
  return (
    <li className="space-y-3 p-3.5">
      <div className="grid items-start gap-3 md:grid-cols-[minmax(0,1fr)_minmax(0,1.3fr)_auto]">
        <Select
          label={t('routes.provider')}
          value={target.provider}
          onChange={(name) => {
            test.reset()
            onChange({ ...target, provider: name, model: '' })
          }}
          options={options}
          error={faultAt(error, `${path}.provider`)}
        />
        <TextField
          label={t('routes.model')}
          placeholder={t('routes.modelKept')}
          value={target.model}
          onChange={(model) => onChange({ ...target, model })}
          suggestions={models}
          error={faultAt(error, `${path}.model`)}
          mono
        />
        <div className="flex items-center md:pt-[1.85rem]">
          <IconButton
            label={t('routes.testTarget', { name: target.provider })}
            icon={Activity}
            disabled={!provider || test.isPending}
            onClick={() => provider && test.mutate(provider.id)}
          />
          <IconButton label={t('routes.mapping')} icon={Replace} aria-expanded={mapping} onClick={() => setMapping(!mapping)} />
          {onDelete && <IconButton label={t('common.removeItem', { name: target.provider })} icon={Trash2} danger onClick={onDelete} />}
          {state && state !== 'ok' && <ProviderBadge state={state} />}
        </div>
      </div>
      {share !== undefined && (
        <div className="flex items-center gap-3">
          <input
            type="range"
            min={1}
            max={99}
            value={share}
            aria-label={t('routes.shareOf', { name: `${target.provider} ${target.model}`.trim() })}
            aria-valuetext={`${share}%`}
            onChange={(e) => onShare(Number(e.target.value))}
            className="h-2 min-w-0 flex-1 accent-accent"
          />
          <span className="w-12 text-right font-medium tabular-nums">{share}%</span>
        </div>
      )}
      {mapping && (
        <PairsField
          label={t('routes.mapping')}
          hint={t('routes.mappingHint')}
          pairs={target.rewrite}
          onChange={(rewrite) => onChange({ ...target, rewrite })}
          nameLabel={t('routes.mapFrom')}
          valueLabel={t('routes.mapTo')}
          namePlaceholder="gpt-4*"
          valuePlaceholder="qwen-max"
          error={faultsBelow(error, `${path}.rewrite`)}
        />
      )}
      {test.isError && <ErrorNote error={test.error} />}
      {test.data?.map((probe, i) => (
        <ProbeResult key={probe.key_id ?? i} probe={probe} />
      ))}
      {test.data && (
        <Button size="sm" look="quiet" onClick={test.reset}>
          {t('common.hide')}
        </Button>
      )}
    </li>
  )
}
