import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { useFormat } from '@/lib/format'
import { type Params, useParam } from '@/lib/params'
import { costText } from '@/parts/cost'
import { OutcomeBadge } from '@/parts/outcome'
import { cx } from '@/ui/cx'

const narrow = window.matchMedia('(max-width: 767px)')
function onNarrow(changed: () => void): () => void {
  narrow.addEventListener('change', changed)
  return () => narrow.removeEventListener('change', changed)
}

// Columns give way from the right as the room gets less.
const columns =
  'grid grid-cols-[6rem_6.5rem_minmax(5rem,1fr)_minmax(9rem,2.2fr)_7.5rem_5.5rem_5.5rem] @min-[60rem]:grid-cols-[6.5rem_7rem_minmax(6rem,1fr)_minmax(10rem,2fr)_minmax(5rem,0.8fr)_8rem_5.5rem_5rem_7rem]'

interface Props {
  calls: Call[]
  /** There is more to be read when the end comes near. */
  onEnd: () => void
  onTop: (top: boolean) => void
  scroller: React.RefObject<HTMLDivElement | null>
}

/** The calls, of which only those in sight are drawn; as a table, or as cards where there is no room for one. */
export function CallList({ calls, onEnd, onTop, scroller }: Props) {
  const { t } = useTranslation()
  const cards = useSyncExternalStore(onNarrow, () => narrow.matches)
  const [open] = useParam('id')
  const virtual = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (cards ? 92 : 38),
    overscan: 12,
    getItemKey: (i) => calls[i]?.id ?? i,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each end that is reached
  useEffect(() => {
    if (calls.length > 0 && last >= calls.length - 20) onEnd()
  }, [last, calls.length])
  useRowKeys(scroller)
  const head = ['time', 'status', 'route', 'model', 'consumer', 'tokens', 'first', 'total', 'cost'] as const
  const names = {
    time: t('logs.time'),
    status: t('logs.status'),
    route: t('chat.route'),
    model: t('chat.model'),
    consumer: t('dryRun.consumer'),
    tokens: t('chat.tokens'),
    first: t('chat.first'),
    total: t('chat.total'),
    cost: t('logs.cost'),
  }
  return (
    <div
      ref={scroller}
      role="table"
      aria-label={t('logs.title')}
      aria-rowcount={calls.length + 1}
      tabIndex={0}
      onScroll={(event) => onTop(event.currentTarget.scrollTop < 20)}
      className="@container max-h-[calc(100dvh-15rem)] min-h-72 overflow-y-auto overscroll-contain border-line border-t"
    >
      <div role="rowgroup" className={cx('sticky top-0 z-10 border-line border-b bg-surface text-[0.86rem] text-ink3', cards && 'sr-only')}>
        <div role="row" aria-rowindex={1} className={columns}>
          {head.map((name) => (
            <span
              key={name}
              role="columnheader"
              className={cx(
                'truncate px-2 py-2 font-medium first:pl-4 last:pr-4',
                ['tokens', 'first', 'total', 'cost'].includes(name) && 'text-right',
                ['consumer', 'cost'].includes(name) && '@max-[60rem]:hidden',
              )}
            >
              {names[name]}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const call = calls[item.index]
          return (
            call && (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                className={cx(
                  'absolute inset-x-0 top-0 border-line border-b focus-within:bg-tint',
                  call.id === open ? 'bg-tint' : 'hover:bg-sunken',
                )}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {cards ? <CardRow call={call} /> : <Row call={call} />}
              </div>
            )
          )
        })}
      </div>
    </div>
  )
}

/** j and k go from row to row; Enter follows the link one stands on. */
function useRowKeys(list: React.RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const by = { j: 1, k: -1 }[event.key]
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.target instanceof HTMLInputElement || document.querySelector('[role="dialog"]')) return
      const rows = [...(list.current?.querySelectorAll<HTMLElement>('a[data-row]') ?? [])].sort(
        (a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top,
      )
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

const Row = memo(function Row({ call }: { call: Call }) {
  const f = useFormat()
  const cell = 'truncate px-2 py-2'
  const number = cx(cell, 'text-right tabular-nums')
  return (
    <div className={columns}>
      <span role="cell" className={cx(cell, 'pl-4 tabular-nums')}>
        {/* The link covers its row. */}
        <Link {...opens(call.id)} className="after:absolute after:inset-0" title={f.time(call.at)}>
          <time dateTime={call.at}>{f.clock(call.at)}</time>
        </Link>
      </span>
      <span role="cell" className="px-2 py-[0.45rem]">
        <OutcomeBadge call={call} />
      </span>
      <span role="cell" className={cx(cell, 'font-medium')}>
        {call.route || '–'}
      </span>
      <span role="cell" className={cell}>
        <Models call={call} />
      </span>
      <span role="cell" className={cx(cell, '@max-[60rem]:hidden')}>
        {call.consumer || '–'}
      </span>
      <span role="cell" className={number}>
        <CallTokens call={call} />
      </span>
      <span role="cell" className={number}>
        {call.ttft_ms > 0 ? f.ms(call.ttft_ms) : '–'}
      </span>
      <span role="cell" className={number}>
        {f.ms(call.duration_ms)}
      </span>
      <span role="cell" className={cx(number, 'pr-4 @max-[60rem]:hidden')}>
        <Cost call={call} />
      </span>
    </div>
  )
})

/** What a call cost; a price that is not known is no price, not nothing. */
export function Cost({ call }: { call: Pick<Call, 'cost' | 'tokens'> }) {
  const { t } = useTranslation()
  const f = useFormat()
  if (call.cost) return costText(f, call.cost)
  return call.tokens ? <span title={t('logs.unpriced')}>?</span> : '–'
}

/** Who answered with which model, as one asks for it by name. */
function served(call: Call): string {
  return call.provider && `${call.provider}/${call.model}`
}

function Models({ call }: { call: Call }) {
  const by = served(call)
  const same = by === call.asked || (call.model === call.asked && by !== '')
  return (
    <span title={same ? by : [call.asked, by].filter(Boolean).join(' → ')}>
      <span className={same ? undefined : 'text-ink2'}>{(same ? by : call.asked) || '–'}</span>
      {by && !same && (
        <>
          <span className="text-ink3"> → </span>
          {by}
        </>
      )}
    </span>
  )
}

export function CallTokens({ call }: { call: Pick<Call, 'tokens'> }) {
  const f = useFormat()
  if (!call.tokens) return '–'
  const { input, cache_read, cache_write, output, input_from, output_from } = call.tokens
  // What was not counted by the vendor is marked.
  const about = [input_from, output_from].some((from) => from === 'estimated' || from === 'counted') ? '≈ ' : ''
  return `${about}${f.number(input + cache_read + cache_write)} / ${f.number(output)}`
}

function CardRow({ call }: { call: Call }) {
  const { t } = useTranslation()
  const f = useFormat()
  return (
    <div role="cell">
      <Link {...opens(call.id)} className="block px-4 py-3">
        <span className="flex items-center gap-2">
          <OutcomeBadge call={call} />
          <span className="min-w-0 flex-1 truncate font-medium">{call.route || call.asked || call.path}</span>
          <time dateTime={call.at} className="text-ink3 tabular-nums">
            {f.clock(call.at)}
          </time>
        </span>
        <span className="mt-1 block truncate text-ink2">
          <Models call={call} />
        </span>
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
              {t('chat.tokens')} <CallTokens call={call} />
            </span>
          )}
          {call.consumer && <span className="truncate">{call.consumer}</span>}
        </span>
      </Link>
    </div>
  )
}
