import { CircleCheck, CircleX } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Probe } from '@/api/client'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { cx } from '@/ui/cx'

const stepNames = ['dns', 'connect', 'tls', 'first_byte', 'answer'] as const

// The classes of failure that have a headline; the vendor's own words follow it.
const classes = [
  'auth',
  'quota_exhausted',
  'rate_limited',
  'connect',
  'tls',
  'headers_timeout',
  'model_not_found',
  'server_error',
  'overloaded',
  'malformed',
  'bad_request',
  'cut',
] as const

/** What a test showed, step by step, and what to do if it failed. */
export function ProbeResult({ probe }: { probe: Probe }) {
  const { t } = useTranslation()
  const f = useFormat()
  const name = (step: string) => {
    const known = stepNames.find((s) => s === step)
    return known ? t(`probe.${known}`) : step
  }
  const cause = classes.find((c) => c === probe.class)
  return (
    <div role="status" className={cx('rounded-xl px-3.5 py-3', probe.ok ? 'bg-okbg text-ok' : 'bg-badbg text-bad')}>
      <div className="flex gap-2.5">
        {probe.ok ? (
          <CircleCheck aria-hidden className="mt-0.5 size-[1.15rem] shrink-0" />
        ) : (
          <CircleX aria-hidden className="mt-0.5 size-[1.15rem] shrink-0" />
        )}
        <div className="min-w-0 flex-1">
          {cause && !probe.ok && <p className="font-semibold">{t(`probe.class.${cause}`)}</p>}
          <p className={cx('break-words', (probe.ok || !cause) && 'font-medium')}>
            {probe.ok ? (probe.unlisted ? t('probe.okUnlisted') : t('probe.ok', { count: probe.models.length })) : said(probe.message)}
          </p>
          <p className="break-all font-mono text-[0.86rem]">
            {probe.url}
            {probe.latency_ms > 0 && ` · ${f.ms(probe.latency_ms)}`}
          </p>
        </div>
      </div>
      {probe.steps.length > 0 && (
        <ol className="mt-2 flex flex-wrap gap-x-4 gap-y-1 pl-7 text-[0.93rem]">
          {probe.steps.map((step, i) => (
            <li key={i} title={said(step.detail)} className="flex items-center gap-1">
              <span aria-hidden>{step.ok ? '✓' : '✗'}</span>
              {name(step.name)}
              <span className="tabular-nums">{f.ms(step.ms)}</span>
              <span className="sr-only">{step.ok ? t('probe.passed') : t('probe.failed')}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}
