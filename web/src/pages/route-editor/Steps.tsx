import { ArrowDown, ArrowUp, GripVertical, Plus, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Provider } from '@/api/client'
import { faultAt } from '@/api/problem'
import { moved, rebalanced, replaced, without } from '@/lib/list'
import { useDragOrder } from '@/lib/useDragOrder'
import { Button, IconButton } from '@/ui/Button'
import { cx } from '@/ui/cx'
import { Select } from '@/ui/Select'
import { Conditions } from './Conditions'
import { type Draft, type DraftStep, type DraftTarget, newTarget, shares, stepPath } from './draft'
import { TargetRow } from './TargetRow'

interface Props {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  providers: Provider[]
  error: unknown
}

const balances = ['weighted', 'priority', 'least_in_flight', 'fastest', 'cheapest'] as const

/** The chain: who is asked, and who stands in when that fails. */
export function Steps({ draft, onChange, providers, error }: Props) {
  const { t } = useTranslation()
  const { steps } = draft
  const set = (next: DraftStep[]) => onChange({ steps: next })
  const unused = providers.find((p) => !steps.some((s) => s.targets.some((target) => target.provider === p.name))) ?? providers[0]
  const several = steps.some((step) => step.targets.length > 1)
  const drag = useDragOrder(steps.length, (from, to) => set(moved(steps, from, to)))
  const { moving } = drag
  return (
    <section ref={drag.list} aria-label={t('routes.chain')} className="space-y-2">
      {several && (
        <Select
          label={t('failover.balance')}
          value={draft.balance || 'weighted'}
          onChange={(balance) => onChange({ balance: balance === 'weighted' ? '' : balance })}
          options={balances.map((value) => ({ value, label: t(`failover.balanceOf.${value}`), note: t(`failover.balanceNote.${value}`) }))}
          error={faultAt(error, 'balance')}
          className="max-w-sm"
        />
      )}
      {steps.map((step, i) => (
        <div
          key={i}
          data-item
          className={cx(
            'space-y-2 rounded-xl transition-opacity',
            moving?.from === i && 'opacity-40',
            moving && moving.to === i && moving.from !== i && 'outline-2 outline-accent outline-offset-2',
          )}
        >
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
            byWeight={!draft.balance || draft.balance === 'weighted'}
            handle={drag.handle(i)}
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
  byWeight: boolean
  handle: ReturnType<ReturnType<typeof useDragOrder>['handle']>
}

function StepCard({ step, place, count, providers, error, onChange, onMove, onDelete, fresh, byWeight, handle }: CardProps) {
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
      <div className="flex flex-wrap items-center gap-2 border-line border-b py-1 pr-1 pl-1">
        {count > 1 && (
          <button
            type="button"
            aria-label={t('routes.drag', { name })}
            title={t('routes.dragHint')}
            className="-mr-2 flex h-9 w-7 cursor-grab touch-none items-center justify-center rounded-lg text-ink3 hover:bg-sunken hover:text-ink"
            {...handle}
          >
            <GripVertical aria-hidden className="size-4" />
          </button>
        )}
        <span aria-hidden className="pl-2 font-semibold">
          {name}
        </span>
        {step.targets.length > 1 && byWeight && <span className="text-[0.93rem] text-ink3">{t('routes.byWeight')}</span>}
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
            share={step.targets.length > 1 && byWeight ? (share[i] ?? 0) : undefined}
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
