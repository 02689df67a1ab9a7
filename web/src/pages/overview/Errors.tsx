import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Overview } from '@/api/client'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { termFor } from '@/pages/logs/filter'
import { classText } from '@/parts/failure'
import { Badge } from '@/ui/Badge'
import { Card } from '@/ui/Card'
import type { Links } from './useMonitor'

/** What went wrong most often, whether or not callers noticed. */
export function Errors({ data, links }: { data: Overview; links: Links }) {
  const { t } = useTranslation()
  const f = useFormat()
  return (
    <Card
      title={t('overview.errors')}
      flush
      actions={
        <Link {...links.logs('class:*')} className="font-medium text-accent hover:underline">
          {t('overview.all')}
        </Link>
      }
    >
      {data.errors.length === 0 ? (
        <p className="flex items-center gap-2 px-4 pb-4 text-ink2">
          <CircleCheck aria-hidden className="size-4 text-ok" />
          {t('overview.noErrors')}
        </p>
      ) : (
        <ul className="divide-y divide-line border-line border-t">
          {data.errors.slice(0, 5).map((error, i) => (
            <li key={i} className="relative px-4 py-1.5 hover:bg-sunken">
              <span className="flex items-center gap-2">
                <Badge tone={error.requests > 0 ? 'bad' : 'warn'} title={error.class}>
                  {classText(t, error.class)}
                </Badge>
                <span className="min-w-0 flex-1 truncate font-medium">
                  {error.provider}
                  {error.model && <span className="font-normal text-ink2"> {error.model}</span>}
                </span>
                <span
                  className="font-medium tabular-nums"
                  title={t('overview.tries', { tries: f.number(error.tries), requests: f.number(error.requests) })}
                >
                  {f.compact(Math.max(error.tries, error.requests))}
                </span>
              </span>
              <span className="flex items-baseline gap-2 text-[0.93rem]">
                <Link
                  {...links.logs(
                    [error.class && termFor('class', error.class), error.provider && termFor('provider', error.provider)]
                      .filter(Boolean)
                      .join(' '),
                  )}
                  title={error.message}
                  className="min-w-0 flex-1 truncate text-ink2 after:absolute after:inset-0"
                >
                  {said(error.message)}
                </Link>
                <time dateTime={error.last} className="shrink-0 text-[0.86rem] text-ink3">
                  {f.ago(error.last)}
                </time>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
