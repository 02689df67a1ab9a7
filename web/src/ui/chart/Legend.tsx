import { Link } from '@tanstack/react-router'
import { type Ref, useImperativeHandle, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '@/lib/format'
import { cx } from '../cx'
import type { Colour, Data } from './types'

export interface LegendHandle {
  /** Shows the figures of a bucket, or what holds for all of them. */
  point: (index: number | null) => void
}

export const fills: Record<Colour, string> = {
  s1: 'bg-s1',
  s2: 'bg-s2',
  s3: 'bg-s3',
  s4: 'bg-s4',
  s5: 'bg-s5',
  s6: 'bg-s6',
  served: 'bg-served',
  rescued: 'bg-rescued',
  failed: 'bg-failed',
  gone: 'bg-gone',
}

interface Props {
  ref: Ref<LegendHandle>
  data: Data
  format: (value: number) => string
  hidden: ReadonlySet<string>
  onToggle: (series: string) => void
  linkTo: ((series: string) => { to: string; search: never } | undefined) | undefined
}

/** What the lines are. A name hides its line, a figure leads to what is behind it. */
export function Legend({ ref, data, format, hidden, onToggle, linkTo }: Props) {
  const { t } = useTranslation()
  const f = useFormat()
  const list = useRef<HTMLUListElement>(null)
  const time = useRef<HTMLLIElement>(null)
  useImperativeHandle(ref, () => ({
    // Written past React: it happens with every move of the pointer.
    point: (index) => {
      const at = index === null ? undefined : data.times[index]
      if (time.current) time.current.textContent = at === undefined ? '' : f.minute(at)
      list.current?.querySelectorAll<HTMLElement>('[data-value]').forEach((element, i) => {
        const series = data.series[i]
        const value = index === null ? null : series?.values[index]
        element.textContent = index === null ? (series?.summary ?? '') : value == null ? '–' : format(value)
      })
    },
  }))
  return (
    <ul ref={list} className="flex flex-wrap items-center gap-x-4 gap-y-1 text-[0.86rem]">
      {data.series.map((s) => {
        const link = linkTo?.(s.key)
        const value = (
          <span data-value className="font-medium tabular-nums">
            {s.summary}
          </span>
        )
        return (
          <li key={s.key} className="flex items-center gap-1.5">
            <button
              type="button"
              aria-pressed={!hidden.has(s.key)}
              title={t('chart.toggle', { name: s.label })}
              onClick={() => onToggle(s.key)}
              className={cx('flex min-h-6 items-center gap-1.5 rounded', hidden.has(s.key) ? 'text-ink3 line-through' : 'text-ink2')}
            >
              <span
                aria-hidden
                className={cx('w-3 rounded-sm', s.dashed ? 'h-1' : 'h-2.5', fills[s.colour], hidden.has(s.key) && 'opacity-30')}
              />
              {s.label}
            </button>
            {link ? (
              <Link
                {...link}
                className="inline-flex min-h-[24px] min-w-[24px] items-center justify-center hover:text-accent hover:underline"
                aria-label={`${s.label} ${s.summary ?? ''}`.trim()}
              >
                {value}
              </Link>
            ) : (
              value
            )}
          </li>
        )
      })}
      <li ref={time} aria-hidden className="ml-auto text-ink3 tabular-nums" />
    </ul>
  )
}
