/** The list with the item at one place moved to another. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const out = [...list]
  const [item] = out.splice(from, 1)
  if (item !== undefined) out.splice(to, 0, item)
  return out
}

/** The list with one item replaced. */
export function replaced<T>(list: readonly T[], at: number, item: T): T[] {
  return list.map((old, i) => (i === at ? item : old))
}

/** The list without one item. */
export function without<T>(list: readonly T[], at: number): T[] {
  return list.filter((_, i) => i !== at)
}

/**
 * Sets one weight, in percent, and shares the rest among its siblings as they
 * stood to each other, so that all add up to 100.
 */
export function rebalanced(weights: readonly number[], at: number, percent: number): number[] {
  if (weights.length < 2) return weights.map(() => 100)
  const own = Math.min(100 - (weights.length - 1), Math.max(1, Math.round(percent)))
  const rest = weights.reduce((sum, w, i) => (i === at ? sum : sum + w), 0)
  const left = 100 - own
  const out = weights.map((w, i) => (i === at ? own : Math.max(1, Math.floor(rest > 0 ? (w / rest) * left : left / (weights.length - 1)))))
  // Rounding leaves a few points over or under; the largest sibling takes them.
  const off = 100 - out.reduce((sum, w) => sum + w, 0)
  const largest = out.reduce((best, w, i) => (i !== at && (best < 0 || w > (out[best] ?? 0)) ? i : best), -1)
  if (largest >= 0) out[largest] = (out[largest] ?? 0) + off
  return out
}

/** Weights as percentages that add up to 100. */
export function percentages(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, w) => sum + w, 0)
  if (weights.length === 0 || total === 0) return weights.map(() => 0)
  return weights.map((w) => Math.round((w / total) * 100))
}
