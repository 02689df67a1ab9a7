import { ArrowRight } from 'lucide-react'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import type { Route } from '@/api/client'

/** A route's way in one line: openai/gpt-4.1 70 % + azure 30 % → qwen/qwen-max. */
export function Chain({ route }: { route: Pick<Route, 'targets' | 'fallback'> }) {
  const { t } = useTranslation()
  const steps = [route.targets, ...route.fallback.map((step) => step.targets)]
  return (
    <div className="flex flex-wrap items-center gap-1.5 text-[0.93rem]">
      {steps.map((targets, i) => {
        const total = targets.reduce((sum, target) => sum + (target.weight ?? 1), 0)
        return (
          <Fragment key={i}>
            {i > 0 && <ArrowRight role="img" aria-label={t('routes.thenFallback')} className="size-4 text-ink3" />}
            <span className="inline-flex flex-wrap gap-x-2 rounded-lg border border-line bg-sunken px-2 py-0.5">
              {targets.map((target, j) => (
                <span key={j} className="break-all font-mono text-[0.9rem]">
                  {target.provider}
                  {target.model && <span className="text-ink2">/{target.model}</span>}
                  {targets.length > 1 && <span className="ml-1 text-ink2">{Math.round(((target.weight ?? 1) / total) * 100)}%</span>}
                </span>
              ))}
            </span>
          </Fragment>
        )
      })}
    </div>
  )
}
