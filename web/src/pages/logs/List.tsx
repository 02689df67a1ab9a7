import { Link } from '@tanstack/react-router'
import { memo, useEffect, useRef, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { useFormat } from '@/lib/format'
import { type Params, useParam } from '@/lib/params'
import { OutcomeBadge } from '@/parts/outcome'
import { cx } from '@/ui/cx'

const narrow = window.matchMedia('(max-width: 639px)')
function onNarrow(changed: () => void): () => void {
  narrow.addEventListener('change', changed)
  return () => narrow.removeEventListener('change', changed)
}

/** The calls as a table, or as cards where there is no room for one. */
export function CallList({ calls }: { calls: Call[] }) {
  const cards = useSyncExternalStore(onNarrow, () => narrow.matches)
  const list = useRef<HTMLDivElement>(null)
  useRowKeys(list)
  return <div ref={list}>{cards ? <Cards calls={calls} /> : <Table calls={calls} />}</div>
}

/** j and k go from row to row; Enter follows the link one stands on. */
function useRowKeys(list: React.RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const by = { j: 1, k: -1 }[event.key]
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.target instanceof HTMLInputElement || document.querySelector('[role="dialog"]')) return
      const rows = [...(list.current?.querySelectorAll<HTMLElement>('a[data-row]') ?? [])]
      const at = rows.indexOf(document.activeElement as HTMLElement)
      rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]?.focus()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [list])
}

function opens(id: string) {
  return { to: '.', search: ((old: Params) => ({ ...old, id })) as never, resetScroll: false, 'data-row': '' } as const
}

function Table({ calls }: { calls: Call[] }) {
  const { t } = useTranslation()
  const [open] = useParam('id')
  const head = 'border-line border-y px-3 py-2 font-medium whitespace-nowrap'
  return (
    <div className="overflow-x-auto" role="group" aria-label={t('logs.title')} tabIndex={0}>
      <table className="w-full border-separate border-spacing-0 text-left">
        <thead className="text-[0.86rem] text-ink3">
          <tr>
            <th className={cx(head, 'pl-4')}>{t('logs.time')}</th>
            <th className={head}>{t('logs.status')}</th>
            <th className={head}>{t('chat.route')}</th>
            <th className={head}>{t('chat.model')}</th>
            <th className={cx(head, 'max-xl:hidden')}>{t('dryRun.consumer')}</th>
            <th className={cx(head, 'text-right')}>{t('chat.tokens')}</th>
            <th className={cx(head, 'text-right')}>{t('chat.first')}</th>
            <th className={cx(head, 'text-right')}>{t('chat.total')}</th>
            <th className={cx(head, 'pr-4 text-right max-lg:hidden')}>{t('chat.attempts')}</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <Row key={call.id} call={call} open={call.id === open} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

const Row = memo(function Row({ call, open }: { call: Call; open: boolean }) {
  const f = useFormat()
  const cell = 'border-line border-b px-3 py-2 group-last:border-b-0'
  const number = cx(cell, 'whitespace-nowrap text-right tabular-nums')
  return (
    <tr className={cx('group relative focus-within:bg-tint', open ? 'bg-tint' : 'hover:bg-sunken')}>
      <td className={cx(cell, 'whitespace-nowrap pl-4 tabular-nums')}>
        {/* The link covers its row. */}
        <Link {...opens(call.id)} className="after:absolute after:inset-0" title={f.time(call.at)}>
          <time dateTime={call.at}>{f.clock(call.at)}</time>
        </Link>
      </td>
      <td className={cell}>
        <OutcomeBadge call={call} />
      </td>
      <td className={cx(cell, 'max-w-40 truncate font-medium')}>{call.route || '–'}</td>
      <td className={cx(cell, 'w-full max-w-0')}>
        <Models call={call} />
      </td>
      <td className={cx(cell, 'max-w-48 truncate max-xl:hidden')}>{call.consumer || '–'}</td>
      <td className={number}>
        <Tokens call={call} />
      </td>
      <td className={number}>{call.ttft_ms > 0 ? f.ms(call.ttft_ms) : '–'}</td>
      <td className={number}>{f.ms(call.duration_ms)}</td>
      <td className={cx(number, 'pr-4 max-lg:hidden')}>{f.number(call.attempts.length)}</td>
    </tr>
  )
})

/** Who answered with which model, as one asks for it by name. */
function served(call: Call): string {
  return call.provider && `${call.provider}/${call.model}`
}

function Models({ call }: { call: Call }) {
  const by = served(call)
  const same = by === call.asked
  return (
    <span className="block truncate" title={[call.asked, !same && by].filter(Boolean).join(' → ')}>
      <span className={same ? undefined : 'text-ink2'}>{call.asked || '–'}</span>
      {by && !same && (
        <>
          <span className="text-ink3"> → </span>
          {by}
        </>
      )}
    </span>
  )
}

function Tokens({ call }: { call: Call }) {
  const f = useFormat()
  if (!call.tokens) return '–'
  const { input, cache_read, cache_write, output } = call.tokens
  return `${f.number(input + cache_read + cache_write)} / ${f.number(output)}`
}

function Cards({ calls }: { calls: Call[] }) {
  const { t } = useTranslation()
  const f = useFormat()
  return (
    <ul className="divide-y divide-line border-line border-t">
      {calls.map((call) => (
        <li key={call.id}>
          <Link {...opens(call.id)} className="block px-4 py-3 hover:bg-sunken">
            <span className="flex items-center gap-2">
              <OutcomeBadge call={call} />
              <span className="min-w-0 flex-1 truncate font-medium">{call.route || call.asked}</span>
              <time dateTime={call.at} className="text-ink3 tabular-nums">
                {f.clock(call.at)}
              </time>
            </span>
            {(call.route || served(call) !== call.asked) && (
              <span className="mt-1 block text-ink2">
                <Models call={call} />
              </span>
            )}
            <span className="mt-0.5 flex flex-wrap gap-x-4 text-[0.93rem] text-ink3 tabular-nums">
              <span>
                {t('chat.total')} {f.ms(call.duration_ms)}
              </span>
              {call.ttft_ms > 0 && (
                <span>
                  {t('chat.first')} {f.ms(call.ttft_ms)}
                </span>
              )}
              {call.tokens && (
                <span>
                  {t('chat.tokens')} <Tokens call={call} />
                </span>
              )}
              {call.attempts.length > 1 && (
                <span>
                  {t('chat.attempts')} {f.number(call.attempts.length)}
                </span>
              )}
              {call.consumer && <span>{call.consumer}</span>}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
