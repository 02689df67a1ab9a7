import { useTranslation } from 'react-i18next'
import type { Difference } from '@/lib/diff'

interface Props {
  rows: readonly Difference[]
  before?: string
  after?: string
}

/** Fields with their values before and after. */
export function DiffTable({ rows, before, after }: Props) {
  const { t } = useTranslation()
  if (rows.length === 0) return <p className="text-ink2">{t('diff.none')}</p>
  return (
    <div className="overflow-hidden rounded-xl border border-line">
      <table className="block w-full text-left sm:table">
        <thead className="max-sm:sr-only">
          <tr className="border-line border-b bg-sunken text-[0.93rem] text-ink2">
            <th scope="col" className="w-1/4 px-3 py-2 font-medium">
              {t('diff.field')}
            </th>
            <th scope="col" className="px-3 py-2 font-medium">
              {before ?? t('diff.before')}
            </th>
            <th scope="col" className="px-3 py-2 font-medium">
              {after ?? t('diff.after')}
            </th>
          </tr>
        </thead>
        <tbody className="block font-mono text-[0.9rem] sm:table-row-group">
          {rows.map((row) => (
            <tr key={row.field} className="block border-line border-b p-2 last:border-0 sm:table-row sm:p-0">
              <th scope="row" className="block break-all px-1 py-1 align-top font-medium sm:table-cell sm:px-3 sm:py-2">
                {row.field}
              </th>
              <td className="block px-1 py-0.5 align-top sm:table-cell sm:w-[37%] sm:px-3 sm:py-2">
                <Value text={row.before} className="bg-badbg text-bad" sign="−" />
              </td>
              <td className="block px-1 py-0.5 align-top sm:table-cell sm:w-[37%] sm:px-3 sm:py-2">
                <Value text={row.after} className="bg-okbg text-ok" sign="+" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ text, className, sign }: { text: string | undefined; className: string; sign: string }) {
  if (text === undefined) return <span className="text-ink3">–</span>
  return (
    <span className={`inline-block break-all rounded px-1.5 ${className}`}>
      <span aria-hidden>{sign} </span>
      {text}
    </span>
  )
}
