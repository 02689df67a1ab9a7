import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api, type Health, unwrap } from '@/api/client'
import { useFormat } from '@/lib/format'
import { type RangeName, useRange } from '@/lib/range'
import { said } from '@/lib/said'
import { termFor } from '@/pages/logs/filter'
import { classText } from '@/parts/failure'
import { cellOf } from '@/parts/strip'
import { Badge, type Tone } from '@/ui/Badge'
import { Card } from '@/ui/Card'
import { Strip } from '@/ui/chart/Strip'
import { Loading } from '@/ui/Feedback'
import type { Links } from './useMonitor'

type ProviderHealth = Health['providers'][number]

const tones: Record<ProviderHealth['state'], Tone> = { ok: 'ok', degraded: 'warn', down: 'bad', idle: 'neutral', disabled: 'neutral' }

/** How each provider does: its breakers and keys now, and how the time went. */
export function HealthTable({ links, className }: { links: Links; className?: string }) {
  const { t } = useTranslation()
  const { range, live } = useRange()
  const span: RangeName = 'last' in range ? range.last : '24h'
  const health = useQuery({
    queryKey: ['monitor', 'health', span],
    queryFn: ({ signal }) => unwrap(api.GET('/api/monitor/health', { params: { query: { range: span } }, signal })),
    placeholderData: (old) => old,
    refetchInterval: live ? 15_000 : false,
  })
  return (
    <Card
      title={t('overview.health')}
      note={t('overview.healthNote', { range: t(`range.${span}`) })}
      flush
      className={className}
      actions={
        <Link to="/providers" className="font-medium text-accent hover:underline">
          {t('overview.all')}
        </Link>
      }
    >
      <Loading query={health} rows={3}>
        {(data) => (
          <ul className="divide-y divide-line border-line border-t">
            {data.providers.map((provider) => (
              <Row key={provider.id} provider={provider} links={links} />
            ))}
            {data.providers.length === 0 && <li className="px-4 py-3 text-ink2">{t('providers.emptyTitle')}</li>}
          </ul>
        )}
      </Loading>
    </Card>
  )
}

function Row({ provider, links }: { provider: ProviderHealth; links: Links }) {
  const { t } = useTranslation()
  const f = useFormat()
  const good = provider.tries > 0 ? 1 - provider.failed / provider.tries : null
  const out = provider.keys.filter((key) => key.state !== 'ok' && key.state !== 'disabled')
  const open = provider.targets.filter((target) => target.breaker === 'open')
  const cells = provider.strip.map(cellOf)
  const figures: [string, string][] = [
    [t('overview.success'), good === null ? '–' : f.percent(good)],
    [t('overview.ttftShort'), provider.ttft_ms.p95 === null ? '–' : f.ms(provider.ttft_ms.p95)],
    [t('overview.durationShort'), provider.duration_ms.p95 === null ? '–' : f.ms(provider.duration_ms.p95)],
    [t('overview.triesShort'), f.compact(provider.tries)],
  ]
  return (
    <li className="px-4 py-2">
      <div className="grid items-center gap-x-4 gap-y-1 md:grid-cols-[minmax(9rem,1fr)_minmax(0,1.6fr)_minmax(8rem,1.2fr)]">
        <span className="flex min-w-0 items-center gap-2">
          <Link to="/providers" search={{ id: provider.id } as never} className="truncate font-medium hover:text-accent hover:underline">
            {provider.name}
          </Link>
          <Badge tone={tones[provider.state]} mark>
            {t(`overview.state.${provider.state}`)}
          </Badge>
        </span>
        <dl className="grid grid-cols-4 gap-2 text-[0.93rem]">
          {figures.map(([name, value], i) => (
            <div key={name} className="min-w-0">
              <dt className="truncate text-[0.82rem] text-ink3">{name}</dt>
              <dd className="truncate tabular-nums">
                {i === 0 ? (
                  <Link {...links.logs(`${termFor('provider', provider.name)} class:*`)} className="hover:text-accent hover:underline">
                    {value}
                  </Link>
                ) : (
                  value
                )}
              </dd>
            </div>
          ))}
        </dl>
        <Link
          {...links.logs(termFor('provider', provider.name))}
          className="block rounded"
          aria-label={t('overview.stripOf', { name: provider.name })}
        >
          <Strip
            cells={cells}
            label={t('overview.strip', {
              name: provider.name,
              bad: cells.filter((c) => c === 'bad' || c === 'some').length,
              all: cells.length,
            })}
            titles={provider.strip.map((b) => `${f.minute(b.at)}: ${f.number(b.failed)} / ${f.number(b.tries)}`)}
          />
        </Link>
      </div>
      {(out.length > 0 || open.length > 0) && (
        <ul className="mt-1 space-y-0.5 text-[0.93rem] text-ink2">
          {open.map((target) => (
            <li key={target.model}>
              <span className="font-mono">{target.model}</span>: {t('overview.breaker', { cause: classText(t, target.class ?? '') })}
              {target.next_probe && ` · ${t('providers.backAt', { when: f.ago(target.next_probe) })}`}
            </li>
          ))}
          {out.map((key) => (
            <li key={key.id} className="break-words">
              {t('logs.key', { name: key.name })} <span className="font-mono">{key.hint}</span>: {t(`keyState.${key.state}`)}
              {key.reason && ` · ${said(key.reason)}`}
              {key.until && ` · ${t('providers.backAt', { when: f.ago(key.until) })}`}
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}
