import uPlot from 'uplot'
import { alone, stack } from './table'
import type { Band, Colour, Data, Mark } from './types'

export interface Look {
  stacked: boolean
  height: number
  format: (value: number) => string
  /** A time on the axis; spans a day or less, or more. */
  clock: (seconds: number, short: boolean) => string
}

export interface Events {
  /** The bucket that is pointed at. */
  onPoint: (index: number | null) => void
  onZoom: (from: number, to: number) => void
  onPick: (index: number) => void
}

/** What a plot draws besides its series; changes without the plot being made anew. */
export interface Extras {
  bands: readonly Band[]
  marks: readonly Mark[]
  hidden: ReadonlySet<string>
}

export function colourOf(name: Colour | 'ink3' | 'line' | 'surface' | 'warn' | 'accent'): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--c-${name}`).trim()
}

/** The lines as they are drawn: layers on top of each other, the highest first, so that it is behind. */
export function drawn(data: Data, stacked: boolean, hidden: ReadonlySet<string>): uPlot.AlignedData {
  const shown = data.series.map((s) => (hidden.has(s.key) ? s.values.map(() => null) : s.values))
  const lines = stacked ? stack(shown).reverse() : shown
  return [data.times as number[], ...(lines as (number | null)[][])]
}

/** Makes a plot. The series' keys, colours and kinds are fixed with it; figures are not. */
export function makePlot(into: HTMLElement, data: Data, look: Look, extras: { current: Extras }, events: Events): uPlot {
  const order = look.stacked ? [...data.series].reverse() : [...data.series]
  const span = data.times.length * data.step
  const short = span <= 2 * 86_400
  const narrow = data.times.length > 0 && into.clientWidth / data.times.length < 5
  const paths = look.stacked
    ? narrow
      ? uPlot.paths.stepped?.({ align: 1 })
      : uPlot.paths.bars?.({ size: [0.82, 48], align: 1 })
    : undefined
  const font = `11px ${getComputedStyle(document.body).fontFamily}`
  const axis = { font, stroke: () => colourOf('ink3'), ticks: { show: false }, grid: { stroke: () => colourOf('line'), width: 1 } }
  const plot = new uPlot(
    {
      width: Math.max(into.clientWidth, 60),
      height: look.height,
      // To the right there is room for half of the last label.
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'posthouse' },
        y: false,
        points: { show: !look.stacked },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => null },
      },
      scales: {
        x: { time: true, range: (_, min, max) => [min, Math.max(max + data.step, min + data.step)] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        {
          ...axis,
          size: 26,
          gap: 6,
          grid: { show: false },
          space: short ? 64 : 72,
          values: (_, splits) => splits.map((at) => look.clock(at, short)),
        },
        {
          ...axis,
          space: 36,
          size: (u, values) => widest(u, values, font),
          values: (_, splits) => splits.map(look.format),
          gap: 6,
        },
      ],
      series: [
        {},
        ...order.map((s) => ({
          label: s.label,
          stroke: () => colourOf(s.colour),
          width: look.stacked ? 0 : 1.75,
          dash: s.dashed ? [5, 4] : undefined,
          fill: look.stacked ? () => colourOf(s.colour) : undefined,
          paths: paths ?? undefined,
          spanGaps: false,
          points: {
            show: !look.stacked,
            size: 5,
            // A line shows nothing of a value that has no neighbour.
            filter: (u: uPlot, i: number) => (data.times.length < 3 ? null : alone(u.data[i] as number[])),
          },
        })),
      ],
      hooks: {
        drawClear: [(u) => drawExtras(u, extras.current)],
        setCursor: [(u) => events.onPoint(u.cursor.idx ?? null)],
        setSelect: [
          (u) => {
            if (u.select.width < 6) return
            events.onZoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'))
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          },
        ],
      },
    },
    drawn(data, look.stacked, extras.current.hidden),
    into,
  )
  onClick(plot, events)
  return plot
}

/** A press that does not become a drag opens what it points at. */
function onClick(plot: uPlot, events: Events): void {
  let at = 0
  plot.over.addEventListener('pointerdown', (event) => {
    at = event.clientX
  })
  plot.over.addEventListener('click', (event) => {
    const index = plot.cursor.idx
    if (Math.abs(event.clientX - at) < 4 && index != null) events.onPick(index)
  })
}

function widest(u: uPlot, values: string[] | null, font: string): number {
  u.ctx.save()
  u.ctx.font = font
  const width = Math.max(0, ...(values ?? []).map((v) => u.ctx.measureText(v).width))
  u.ctx.restore()
  return Math.ceil(width) + 16
}

/** Incidents as shaded stretches, changes as thin lines; behind everything else. */
function drawExtras(u: uPlot, { bands, marks }: Extras): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const band of bands) {
    const left = u.valToPos(band.from, 'x', true)
    const right = u.valToPos(band.to, 'x', true)
    ctx.globalAlpha = 0.13
    ctx.fillStyle = colourOf('rescued')
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height)
    ctx.globalAlpha = 0.9
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), 2 * devicePixelRatio)
  }
  ctx.globalAlpha = 0.8
  ctx.strokeStyle = colourOf('accent')
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  for (const mark of marks) {
    const x = u.valToPos(mark.at, 'x', true)
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
