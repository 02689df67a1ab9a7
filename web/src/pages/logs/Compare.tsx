import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/client'
import { useSetParams } from '@/lib/params'
import { OutcomeBadge } from '@/parts/outcome'
import { cx } from '@/ui/cx'
import { Dialog } from '@/ui/Dialog'
import { Loading } from '@/ui/Feedback'
import { useCall } from './Detail'
import { useFacts } from './Facts'
import { Waterfall } from './Waterfall'

/** Two requests beside each other; what differs stands out. */
export function Compare({ a, b }: { a: string; b: string }) {
  const { t } = useTranslation()
  const setParams = useSetParams()
  const first = useCall(a)
  const second = useCall(b)
  return (
    <Dialog open wide kind="sheet" onClose={() => setParams({ with: undefined })} title={t('logs.compareTitle')}>
      <Loading query={first}>{(x) => <Loading query={second}>{(y) => <Both a={x} b={y} />}</Loading>}</Loading>
    </Dialog>
  )
}

function Both({ a, b }: { a: Call; b: Call }) {
  const { t } = useTranslation()
  const left = useFacts(a)
  const right = useFacts(b)
  const plain = (call: Call) => [call.at, call.duration_ms, call.ttft_ms, call.status, call.route, call.asked, call.model, call.consumer]
  const [x, y] = [plain(a), plain(b)]
  return (
    <div className="space-y-6">
      <table className="w-full text-left">
        <thead>
          <tr className="border-line border-b text-[0.86rem]">
            <th scope="col" className="py-2 pr-3 font-medium text-ink3">
              {t('diff.field')}
            </th>
            {[a, b].map((call) => (
              <th key={call.id} scope="col" className="py-2 pr-3 font-normal">
                <OutcomeBadge call={call} /> <span className="break-all font-mono text-ink2">{call.id}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {left.map(([name, value, note], i) => (
            <tr key={name} className={cx('border-line border-b align-top', i < x.length && x[i] !== y[i] && 'bg-warnbg')}>
              <th scope="row" className="py-1.5 pr-3 pl-1 font-normal text-ink2">
                {name}
              </th>
              <td className="py-1.5 pr-3 tabular-nums">
                {value} {note && <span className="text-ink2">{note}</span>}
              </td>
              <td className="py-1.5 pr-3 tabular-nums">
                {right[i]?.[1]} {right[i]?.[2] && <span className="text-ink2">{right[i]?.[2]}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Waterfall call={a} label={a.id} />
      <Waterfall call={b} label={b.id} />
    </div>
  )
}
