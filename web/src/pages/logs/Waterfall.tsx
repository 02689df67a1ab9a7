import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call, Schemas } from '@/api/client'
import { useFormat } from '@/lib/format'
import { said } from '@/lib/said'
import { classText } from '@/parts/failure'
import { Badge } from '@/ui/Badge'
import { cx } from '@/ui/cx'
import { type Piece, pieces, rows, ticks } from './timeline'

const grid = 'grid gap-x-4 gap-y-1 sm:grid-cols-[11rem_minmax(0,1fr)_10rem]'

// The parts differ by height as well as by colour.
const looks: Record<Piece['kind'], string> = {
  connect: 'h-1 bg-s4',
  wait: 'h-1.5 bg-ink3',
  first: 'h-2.5 bg-s2',
  stream: 'h-4 bg-s1',
}
const kinds = Object.keys(looks) as Piece['kind'][]

/** Every attempt of a call, and every target that was not asked, one below the other. */
export function Waterfall({ call, label }: { call: Call; label?: string }) {
  const { t } = useTranslation()
  const fine = useFine()
  const total = Math.max(call.duration_ms, ...call.attempts.map((a) => a.start_ms + a.duration_ms), 1)
  const own = call.attempts[0]?.start_ms ?? call.duration_ms
  return (
    <section aria-label={label ? `${t('logs.timeline')}: ${label}` : t('logs.timeline')}>
      <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="font-semibold text-[1.07rem]">{t('logs.timeline')}</h3>
        <ul className="flex flex-wrap gap-x-4 text-[0.86rem] text-ink2">
          {kinds.map((kind) => (
            <li key={kind} className="flex items-center gap-1.5">
              <span aria-hidden className={cx('w-4 rounded-sm', looks[kind])} />
              {t(`logs.part.${kind}`)}
            </li>
          ))}
        </ul>
      </div>
      <div className={cx(grid, 'border-line border-b pb-1 text-[0.86rem] text-ink3 tabular-nums')} aria-hidden>
        <span className="max-sm:hidden">{t('logs.own', { time: fine(own) })}</span>
        <span className="flex justify-between">
          {ticks(total).map((at) => (
            <span key={at}>{at === 0 ? '0' : fine(at)}</span>
          ))}
        </span>
      </div>
      <ol className="divide-y divide-line">
        {rows(call).map((row, i) =>
          row.kind === 'attempt' ? (
            <AttemptRow key={i} attempt={row.attempt} n={row.n} total={total} />
          ) : (
            <li key={i} className={cx(grid, 'py-3')}>
              <Name provider={row.skip.provider} model={row.skip.model} mark="–" />
              <div className="min-w-0 sm:col-span-2">
                <p className="rounded-md border border-line2 border-dashed px-2 py-0.5 text-center text-[0.93rem] text-ink2">
                  {t('dryRun.skipped')}
                </p>
                <p className="mt-1 break-words text-[0.93rem] text-ink2">{said(row.skip.why)}</p>
              </div>
            </li>
          ),
        )}
      </ol>
      {call.attempts.length + call.skipped.length === 0 && <p className="py-3 text-ink2">{t('logs.noAttempt')}</p>}
    </section>
  )
}

/** Lengths of time; the first few milliseconds in tenths, since everything may happen in them. */
function useFine(): (ms: number) => string {
  const f = useFormat()
  return (ms) => (ms < 10 ? `${f.decimal(ms)} ms` : f.ms(ms))
}

function Name({ provider, model, mark, children }: { provider: string; model: string; mark: ReactNode; children?: ReactNode }) {
  return (
    <div className="flex min-w-0 gap-2">
      <span className="mt-px flex size-5 shrink-0 items-center justify-center rounded-full bg-sunken text-[0.86rem] text-ink2">{mark}</span>
      <span className="min-w-0">
        <span className="block break-words font-medium">
          {provider}/{model}
        </span>
        {children}
      </span>
    </div>
  )
}

function AttemptRow({ attempt, n, total }: { attempt: Schemas['Attempt']; n: number; total: number }) {
  const { t } = useTranslation()
  const fine = useFine()
  const share = (ms: number) => `${(Math.min(ms, total) / total) * 100}%`
  const connect = (attempt.connect_ms ?? 0) + (attempt.tls_ms ?? 0)
  const idle = attempt.idle_ms ?? 0
  const figures: [string, string][] = [
    [t('logs.part.start'), `+${fine(attempt.start_ms)}`],
    ...(attempt.reused || connect === 0 ? [] : [[t('logs.part.connect'), fine(connect)] as [string, string]]),
    [t('logs.part.wait'), attempt.headers_ms > 0 ? fine(attempt.headers_ms) : '–'],
    [t('logs.part.first'), attempt.first_ms > 0 ? fine(attempt.first_ms) : '–'],
    ...(idle > 0 ? [[t('logs.part.silence'), fine(idle)] as [string, string]] : []),
    [t('chat.total'), fine(attempt.duration_ms)],
  ]
  return (
    <li className={cx(grid, 'py-3')}>
      <Name provider={attempt.provider} model={attempt.model} mark={n}>
        {attempt.key && <span className="block break-all text-[0.86rem] text-ink2">{t('logs.key', { name: attempt.key })}</span>}
        <span className="flex flex-wrap gap-1">
          {attempt.hedge && <Badge tone="accent">{t('logs.hedge')}</Badge>}
          {attempt.resumed && <Badge tone="warn">{t('logs.resumed')}</Badge>}
        </span>
      </Name>
      <div className="min-w-0">
        <div className="relative h-5 overflow-hidden rounded-md bg-sunken" aria-hidden>
          {pieces(attempt).map((piece) => (
            <span
              key={piece.kind}
              className={cx('absolute top-1/2 min-w-0.5 -translate-y-1/2 rounded-sm', looks[piece.kind], attempt.class && '!bg-badfill')}
              style={{ left: share(piece.from), width: share(piece.to - piece.from) }}
            />
          ))}
        </div>
        <p className={cx('mt-1 break-words text-[0.93rem]', attempt.class ? 'text-bad' : 'text-ink2')}>
          {attempt.status > 0 && <span className="font-medium tabular-nums">{attempt.status} </span>}
          {attempt.class && <span title={attempt.class}>{classText(t, attempt.class)}</span>}
          {attempt.message && <span>: {said(attempt.message)}</span>}
          {!attempt.class && !attempt.message && t('logs.outcome.ok')}
        </p>
        {attempt.vendor_id && <p className="break-all font-mono text-[0.82rem] text-ink3">{attempt.vendor_id}</p>}
      </div>
      <dl className="text-[0.86rem] tabular-nums max-sm:flex max-sm:flex-wrap max-sm:gap-x-4">
        {figures.map(([name, value]) => (
          <div key={name} className="flex justify-between gap-2">
            <dt className="text-ink3">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </li>
  )
}
