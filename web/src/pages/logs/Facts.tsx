import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { useFormat } from '@/lib/format'
import type { Params } from '@/lib/params'
import { type Field, termFor } from './filter'
import { Cost } from './List'

function Only({ field, value }: { field: Field; value: string }) {
  const { t } = useTranslation()
  if (!value) return '–'
  return (
    <Link
      to="/logs"
      search={((old: Params) => ({ ...old, q: termFor(field, value), id: undefined })) as never}
      title={t('logs.only', { term: termFor(field, value) })}
      className="flex w-fit min-h-[24px] min-w-[24px] items-center break-all text-accent hover:underline"
    >
      {value}
    </Link>
  )
}

type Fact = [name: string, value: ReactNode, note?: ReactNode]

/** What is known of a request, in short. Names lead to all requests that share them. */
export function useFacts(call: Call): Fact[] {
  const { t } = useTranslation()
  const f = useFormat()
  const { tokens } = call
  const from = (by: string | undefined) => (by === 'estimated' ? t('logs.estimated') : by === 'counted' ? t('logs.counted') : undefined)
  return [
    [t('logs.time'), f.clock(call.at), f.date(call.at)],
    [t('chat.total'), f.ms(call.duration_ms), t(call.stream ? 'logs.streamed' : 'logs.whole')],
    [
      t('chat.first'),
      call.ttft_ms > 0 ? f.ms(call.ttft_ms) : '–',
      call.tokens_per_s > 0 && t('chat.perSecond', { n: f.decimal(call.tokens_per_s) }),
    ],
    [t('logs.status'), f.number(call.status), call.class && <Only field="class" value={call.class} />],
    [t('chat.route'), <Only key="route" field="route" value={call.route} />],
    [t('logs.asked'), <Only key="asked" field="asked" value={call.asked} />, call.op],
    [
      t('logs.served'),
      <Only key="model" field="model" value={call.model} />,
      call.provider && <Only key="provider" field="provider" value={call.provider} />,
    ],
    [t('dryRun.consumer'), <Only key="consumer" field="consumer" value={call.consumer} />, call.client_ip],
    [
      t('logs.tokensIn'),
      tokens ? f.number(tokens.input + tokens.cache_read + tokens.cache_write) : '–',
      tokens &&
        [tokens.cache_read > 0 && t('logs.cached', { n: f.number(tokens.cache_read) }), from(tokens.input_from)]
          .filter(Boolean)
          .join(' · '),
    ],
    [
      t('logs.tokensOut'),
      tokens ? f.number(tokens.output) : '–',
      tokens &&
        [tokens.reasoning > 0 && t('logs.reasoning', { n: f.number(tokens.reasoning) }), from(tokens.output_from)]
          .filter(Boolean)
          .join(' · '),
    ],
    [
      t('logs.cost'),
      <Cost key="cost" call={call} />,
      call.cost?.display_currency && call.cost.currency !== call.cost.display_currency && f.money(call.cost.amount, call.cost.currency),
    ],
    [
      t('logs.bytes'),
      `${f.bytes(call.bytes_in)} / ${f.bytes(call.bytes_out)}`,
      <span key="path" className="break-all font-mono text-[0.82rem]">{`${call.method} ${call.path}`}</span>,
    ],
  ]
}

export function Facts({ call }: { call: Call }) {
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-3 rounded-xl bg-sunken p-4 sm:grid-cols-4">
      {useFacts(call).map(([name, value, note]) => (
        <div key={name} className="min-w-0">
          <dt className="text-[0.86rem] text-ink3">{name}</dt>
          <dd className="break-words font-medium tabular-nums">
            {value}
            {note && <span className="mt-0.5 block font-normal text-[0.86rem] text-ink2">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
