import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { ApiError } from '@/api/problem'
import { useFormat } from '@/lib/format'
import { costText } from './cost'
import type { Answer } from './useChat'

/** What the request behind an answer cost; asked for once it has ended. */
function useCost(id: string | undefined): string | undefined {
  const { t } = useTranslation()
  const f = useFormat()
  const call = useQuery({
    queryKey: ['requests', 'one', id],
    queryFn: () => unwrap(api.GET('/api/requests/{id}', { params: { path: { id: id ?? '' } } })),
    enabled: Boolean(id),
    staleTime: Number.POSITIVE_INFINITY,
    // It is written a moment after the answer.
    retry: 4,
    retryDelay: 500,
  }).data
  if (!call?.tokens) return undefined
  return call.cost ? costText(f, call.cost) : t('chat.unpriced')
}

/** Where an answer came from, how fast, and what it cost. */
export function AnswerFigures({ answer }: { answer: Answer }) {
  const { t } = useTranslation()
  const f = useFormat()
  const { origin } = answer
  const figures: [string, string][] = []
  if (origin?.provider) figures.push([t('chat.from'), `${origin.provider}/${origin.model}`])
  if (origin?.route) figures.push([t('chat.route'), origin.route])
  if (origin && origin.attempts > 1) figures.push([t('chat.attempts'), f.number(origin.attempts)])
  if (answer.firstMs !== undefined) figures.push([t('chat.first'), f.ms(answer.firstMs)])
  if (answer.totalMs !== undefined) figures.push([t('chat.total'), f.ms(answer.totalMs)])
  if (answer.rate !== undefined) figures.push([t('chat.rate'), t('chat.perSecond', { n: f.decimal(answer.rate) })])
  if (answer.tokens) figures.push([t('chat.tokens'), `${f.number(answer.tokens.input)} → ${f.number(answer.tokens.output)}`])
  const id = origin?.requestId || (answer.error instanceof ApiError ? answer.error.requestId : undefined)
  const told = id && answer.state !== 'streaming'
  const cost = useCost(told ? id : undefined)
  if (cost) figures.push([t('logs.cost'), cost])
  if (figures.length === 0 && !told) return null
  return (
    <dl className="flex flex-wrap gap-x-5 gap-y-1 text-[0.93rem]">
      {figures.map(([name, value]) => (
        <div key={name} className="flex gap-1.5">
          <dt className="text-ink3">{name}</dt>
          <dd className="break-all font-medium tabular-nums">{value}</dd>
        </div>
      ))}
      {told && (
        <div className="flex gap-1.5">
          <dt className="text-ink3">{t('logs.request')}</dt>
          <dd>
            <Link to="/logs" search={{ id } as never} className="font-medium text-accent hover:underline">
              {t('logs.seeLink')}
            </Link>
          </dd>
        </div>
      )}
    </dl>
  )
}
