import { cx } from '../cx'
import type { Colour } from './types'

const strokes: Record<Colour, string> = {
  s1: 'stroke-s1 fill-s1',
  s2: 'stroke-s2 fill-s2',
  s3: 'stroke-s3 fill-s3',
  s4: 'stroke-s4 fill-s4',
  s5: 'stroke-s5 fill-s5',
  s6: 'stroke-s6 fill-s6',
  served: 'stroke-served fill-served',
  rescued: 'stroke-rescued fill-rescued',
  failed: 'stroke-failed fill-failed',
  gone: 'stroke-gone fill-gone',
}

const width = 120
const height = 28

/** The points of a small line; gaps begin a new one. */
export function sparkPath(values: readonly (number | null)[], floor?: number): { line: string; area: string } {
  const known = values.filter((v): v is number => v !== null)
  if (known.length === 0) return { line: '', area: '' }
  const low = floor ?? 0
  const high = Math.max(...known, low + 1e-9)
  const at = (v: number, i: number) =>
    `${((i / Math.max(1, values.length - 1)) * width).toFixed(1)} ${(height - 2 - ((Math.max(v, low) - low) / (high - low)) * (height - 4)).toFixed(1)}`
  const runs: string[][] = []
  let open = false
  values.forEach((v, i) => {
    if (v === null) {
      open = false
      return
    }
    if (!open) runs.push([])
    open = true
    runs.at(-1)?.push(at(v, i))
  })
  const line = runs.map((points) => `M${points.join('L')}${points.length === 1 ? 'h.01' : ''}`).join('')
  const area = runs
    .filter((points) => points.length > 1)
    .map((points) => `M${points[0]?.split(' ')[0]} ${height}L${points.join('L')}L${points.at(-1)?.split(' ')[0]} ${height}Z`)
    .join('')
  return { line, area }
}

/** How a figure went, without axes. What it says stands beside it, so it is not read out. */
export function Sparkline({
  values,
  colour,
  floor,
  className,
}: {
  values: readonly (number | null)[]
  colour: Colour
  floor?: number
  className?: string
}) {
  const { line, area } = sparkPath(values, floor)
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden className={cx('h-7 w-full', strokes[colour], className)}>
      <path d={area} stroke="none" fillOpacity="0.12" />
      <path d={line} fill="none" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" vectorEffect="non-scaling-stroke" />
    </svg>
  )
}
