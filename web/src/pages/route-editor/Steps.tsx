import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Provider } from '@/api/client'
import { faultAt } from '@/api/problem'
import { moved, rebalanced, replaced, without } from '@/lib/list'
import { Button, IconButton } from '@/ui/Button'
import { Conditions } from './Conditions'
import { type Draft, type DraftStep, type DraftTarget, newTarget, shares, stepPath } from './draft'
import { TargetRow } from './TargetRow'

interface Props {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  providers: Provider[]
  error: unknown
}

/** The chain: who is asked, and who stands in when that fails. */
export function Steps({ draft, onChange, providers, error }: Props) {
  const { t } = useTranslation()
  const { steps } = draft
  const set = (next: DraftStep[]) => onChange({ steps: next })
  const unused = providers.find((p) => !steps.some((s) => s.targets.some((target) => target.provider === p.name))) ?? providers[0]
  return (
    <section aria-label={t('routes.chain')} className="space-y-2">
      {steps.map((step, i) => (
        <div key={i} className="space-y-2">
          {i > 0 && (
            <Conditions
              label={t('routes.leadsTo', { n: i })}
              on={step.on}
              inherited={draft.on}
              onChange={(on) => set(replaced(steps, i, { ...step, on }))}
              error={faultAt(error, `fallback[${i - 1}].on`)}
            />
          )}
          <StepCard
            step={step}
            place={i}
            count={steps.length}
            providers={providers}
            error={error}
            onChange={(next) => set(replaced(steps, i, next))}
            onMove={(to) => set(moved(steps, i, to))}
            onDelete={() => set(without(steps, i))}
            fresh={unused?.name ?? ''}
          />
        </div>
      ))}
      <Button
        icon={Plus}
        className="w-full border-dashed"
        onClick={() => set([...steps, { on: [], targets: [newTarget(unused?.name ?? '')] }])}
      >
        {t('routes.addStep')}
      </Button>
    </section>
  )
}

interface CardProps {
  step: DraftStep
  place: number
  count: number
  providers: Provider[]
  error: unknown
  onChange: (step: DraftStep) => void
  onMove: (to: number) => void
  onDelete: () => void
  /** The provider a new target begins with. */
  fresh: string
}

function StepCard({ step, place, count, providers, error, onChange, onMove, onDelete, fresh }: CardProps) {
  const { t } = useTranslation()
  const name = place === 0 ? t('routes.primary') : t('routes.fallbackN', { n: place })
  const share = shares(step.targets)
  const setTargets = (targets: DraftTarget[]) => onChange({ ...step, targets })
  const weigh = (at: number, percent: number) => {
    const weights = rebalanced(share, at, percent)
    setTargets(step.targets.map((target, i) => ({ ...target, weight: weights[i] ?? 1 })))
  }
  return (
    <fieldset className="rounded-xl border border-line2">
      <legend className="sr-only">{name}</legend>
      <div className="flex flex-wrap items-center gap-2 border-line border-b py-1 pr-1 pl-3.5">
        <span aria-hidden className="font-semibold">
          {name}
        </span>
        {step.targets.length > 1 && <span className="text-[0.93rem] text-ink3">{t('routes.byWeight')}</span>}
        <div className="ml-auto flex items-center">
          <Button size="sm" look="quiet" icon={Plus} onClick={() => setTargets([...step.targets, newTarget(fresh)])}>
            {t('routes.addTarget')}
          </Button>
          {count > 1 && (
            <>
              <IconButton label={t('common.up', { name })} icon={ArrowUp} disabled={place === 0} onClick={() => onMove(place - 1)} />
              <IconButton
                label={t('common.down', { name })}
                icon={ArrowDown}
                disabled={place === count - 1}
                onClick={() => onMove(place + 1)}
              />
              <IconButton label={t('common.removeItem', { name })} icon={Trash2} danger onClick={onDelete} />
            </>
          )}
        </div>
      </div>
      <ul className="divide-y divide-line">
        {step.targets.map((target, i) => (
          <TargetRow
            key={i}
            target={target}
            share={step.targets.length > 1 ? (share[i] ?? 0) : undefined}
            providers={providers}
            path={`${stepPath(place)}[${i}]`}
            error={error}
            onChange={(next) => setTargets(replaced(step.targets, i, next))}
            onShare={(percent) => weigh(i, percent)}
            onDelete={step.targets.length > 1 ? () => setTargets(without(step.targets, i)) : undefined}
          />
        ))}
      </ul>
    </fieldset>
  )
}
