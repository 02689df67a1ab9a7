import { Ellipsis, Table2 } from 'lucide-react'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type uPlot from 'uplot'
import { useFormat } from '@/lib/format'
import { IconButton } from '../Button'
import { Card } from '../Card'
import { copyText } from '../Copy'
import { LazyMenu } from '../LazyMenu'
import { toast } from '../toast'
import { ChartTable } from './ChartTable'
import { Legend, type LegendHandle } from './Legend'
import { colourOf, drawn, type Extras, makePlot } from './plot'
import { fileName, save, savePicture } from './save'
import { chartCSV } from './table'
import type { Band, Data, Mark } from './types'

interface Props {
  title: string
  note?: ReactNode
  data: Data
  format: (value: number) => string
  stacked?: boolean
  height?: number
  bands?: readonly Band[]
  marks?: readonly Mark[]
  /** A stretch was marked, in seconds. */
  onZoom: (from: number, to: number) => void
  /** Leads to what is behind a bucket of a series, or of all. */
  linkTo: (from: number, to: number, series?: string) => { to: string; search: never }
  /** Follows such a link. */
  onPick: (from: number, to: number) => void
  /** Leads to what is behind a whole series. */
  seriesLink?: (series: string) => { to: string; search: never } | undefined
  className?: string
  /** The same asked of a Prometheus. */
  promql?: string | undefined
}

const none: never[] = []

/**
 * A chart over time. Pointing at one points at the same moment on all;
 * dragging zooms them all; every figure can be read as a table and taken along.
 */
export function TimeChart(props: Props) {
  const { title, note, data, format, stacked = false, height = 190, bands = none, marks = none, className } = props
  const { t } = useTranslation()
  const [asTable, setAsTable] = useState(false)
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const plot = useRef<uPlot>(undefined)
  const legend = useRef<LegendHandle>(null)
  const summary = data.series.map((s) => (s.summary ? `${s.label} ${s.summary}` : s.label)).join('; ')
  const toggle = (key: string) => {
    const next = new Set(hidden)
    if (!next.delete(key)) next.add(key)
    // Nothing left to see helps nobody.
    setHidden(next.size === data.series.length ? new Set() : next)
  }
  const copyQuery = async (query: string) => {
    if (await copyText(query)) toast(t('chart.promqlCopied'), t('chart.promqlNote'))
  }
  const actions = (
    <div className="-my-1 -mr-2 flex">
      <IconButton
        label={asTable ? t('chart.asChart') : t('chart.asTable', { title })}
        icon={Table2}
        aria-pressed={asTable}
        onClick={() => setAsTable(!asTable)}
      />
      <LazyMenu
        trigger={<IconButton label={t('chart.take', { title })} icon={Ellipsis} />}
        groups={[
          [
            {
              label: t('chart.csv'),
              onSelect: () => save(fileName(title, 'csv'), new Blob(['\ufeff', chartCSV(data)], { type: 'text/csv' })),
            },
            ...(asTable
              ? []
              : [
                  {
                    label: t('chart.png'),
                    onSelect: () =>
                      plot.current &&
                      savePicture(
                        title,
                        plot.current.ctx.canvas,
                        data.series.filter((s) => !hidden.has(s.key)).map((s) => ({ label: s.label, colour: colourOf(s.colour) })),
                      ),
                  },
                ]),
          ],
          ...(props.promql ? [[{ label: t('chart.promql'), onSelect: () => void copyQuery(props.promql ?? '') }]] : []),
        ]}
      />
    </div>
  )
  return (
    <Card title={title} note={note} actions={actions} className={className}>
      <Legend ref={legend} data={data} format={format} hidden={hidden} onToggle={toggle} linkTo={props.seriesLink} />
      {asTable ? (
        <ChartTable title={title} data={data} format={format} linkTo={props.linkTo} height={height} />
      ) : (
        <Plot
          {...props}
          stacked={stacked}
          height={height}
          bands={bands}
          marks={marks}
          hidden={hidden}
          label={`${title}: ${summary}`}
          onMade={(made) => {
            plot.current = made
          }}
          onPoint={(index) => legend.current?.point(index)}
        />
      )}
    </Card>
  )
}

interface PlotProps extends Props {
  stacked: boolean
  height: number
  bands: readonly Band[]
  marks: readonly Mark[]
  hidden: ReadonlySet<string>
  label: string
  onMade: (plot: uPlot | undefined) => void
  onPoint: (index: number | null) => void
}

function Plot({ data, format, stacked, height, bands, marks, hidden, label, onMade, onPoint, onZoom, onPick }: PlotProps) {
  const f = useFormat()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const extras = useRef<Extras>({ bands, marks, hidden })
  extras.current = { bands, marks, hidden }
  const latest = useRef({ data, format, onPoint, onZoom, onPick, clock: f.axis })
  latest.current = { data, format, onPoint, onZoom, onPick, clock: f.axis }
  // What a plot is made with and cannot change.
  const kind = useMemo(
    () => JSON.stringify([data.series.map((s) => [s.key, s.label]), data.step, Math.round(data.times.length / 50), stacked, height]),
    [data, stacked, height],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew only for another kind
  useEffect(() => {
    const into = box.current
    if (!into) return
    const made = makePlot(
      into,
      latest.current.data,
      { stacked, height, format: (v) => latest.current.format(v), clock: (at, short) => latest.current.clock(at, short) },
      extras,
      {
        onPoint: (index) => latest.current.onPoint(index),
        onZoom: (from, to) => latest.current.onZoom(from, to),
        onPick: (index) => {
          const at = latest.current.data.times[index]
          if (at !== undefined) latest.current.onPick(at, at + latest.current.data.step)
        },
      },
    )
    plot.current = made
    onMade(made)
    const size = new ResizeObserver(() => made.setSize({ width: Math.max(into.clientWidth, 60), height }))
    size.observe(into)
    const theme = new MutationObserver(() => made.redraw(false, true))
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    return () => {
      size.disconnect()
      theme.disconnect()
      made.destroy()
      plot.current = undefined
      onMade(undefined)
    }
  }, [kind])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the bands are read while drawing
  useEffect(() => {
    plot.current?.setData(drawn(data, stacked, hidden))
  }, [data, stacked, hidden, bands, marks])
  return <div ref={box} role="img" aria-label={label} className="mt-2 min-w-0 cursor-crosshair" style={{ height }} />
}
