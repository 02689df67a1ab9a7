import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useFormat } from '@/lib/format'
import type { Data } from './types'

interface Props {
  title: string
  data: Data
  format: (value: number) => string
  linkTo: (from: number, to: number) => { to: string; search: never }
  height: number
}

/** A chart's figures, newest first. Times when nothing happened are left out. */
export function ChartTable({ title, data, format, linkTo, height }: Props) {
  const { t } = useTranslation()
  const f = useFormat()
  const rows = data.times
    .map((at, i) => ({ at, values: data.series.map((s) => s.values[i] ?? null) }))
    .filter((row) => row.values.some((v) => v))
    .reverse()
  return (
    <div role="group" aria-label={title} tabIndex={0} className="mt-2 overflow-auto rounded-lg border border-line" style={{ height }}>
      <table className="w-full text-left text-[0.93rem]">
        <thead className="sticky top-0 bg-sunken text-ink2">
          <tr>
            <th scope="col" className="px-3 py-1.5 font-medium">
              {t('logs.time')}
            </th>
            {data.series.map((s) => (
              <th key={s.key} scope="col" className="px-3 py-1.5 text-right font-medium">
                {s.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="tabular-nums">
          {rows.slice(0, 1000).map((row) => (
            <tr key={row.at} className="border-line border-t">
              <th scope="row" className="whitespace-nowrap px-3 py-1 font-normal">
                <Link {...linkTo(row.at, row.at + data.step)} className="hover:text-accent hover:underline">
                  {f.minute(row.at)}
                </Link>
              </th>
              {row.values.map((v, i) => (
                <td key={data.series[i]?.key} className="whitespace-nowrap px-3 py-1 text-right">
                  {v === null ? '–' : format(v)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="p-3 text-ink2">{t('chart.nothing')}</p>}
    </div>
  )
}
