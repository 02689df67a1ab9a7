import { cx } from '../cx'

/** How a stretch of time was: nothing happened, all well, some failed, most failed. */
export type Cell = 'none' | 'ok' | 'some' | 'bad'

const looks: Record<Cell, string> = { none: 'fill-line', ok: 'fill-stripok', some: 'fill-rescued', bad: 'fill-failed' }
// The height differs as well as the colour.
const heights: Record<Cell, number> = { none: 4, ok: 10, some: 15, bad: 20 }

export function Strip({
  cells,
  label,
  titles,
  className,
}: {
  cells: readonly Cell[]
  label: string
  titles?: readonly string[]
  className?: string
}) {
  return (
    <svg
      viewBox={`0 0 ${cells.length * 4} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      className={cx('h-5 w-full', className)}
    >
      {cells.map((cell, i) => (
        <rect key={i} x={i * 4} y={20 - heights[cell]} width="3" height={heights[cell]} className={looks[cell]}>
          {titles?.[i] && <title>{titles[i]}</title>}
        </rect>
      ))}
    </svg>
  )
}
