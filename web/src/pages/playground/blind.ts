/** A comparison in which the models' names are hidden until somebody has chosen between their answers. */
export interface Blind {
  /** The columns' ids in the order in which they are shown. */
  order: number[]
  /** What was chosen: a column, neither, or to know without choosing. Absent while names are hidden. */
  verdict?: number | 'tie' | 'none'
}

/** Mixes the columns, so that their places tell nothing. */
export function begin(ids: readonly number[], random: () => number = Math.random): Blind {
  const order = [...ids]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = order[j] as number
    order[j] = order[i] as number
    order[i] = other
  }
  return { order }
}

/** What a column is called meanwhile: A, B, C, D by its place. */
export function letterOf({ order }: Blind, id: number): string {
  return String.fromCharCode(65 + order.indexOf(id))
}

/** The columns in the order of a comparison, or as they are. */
export function arranged<T extends { id: number }>(columns: readonly T[], blind: Blind | undefined): readonly T[] {
  if (!blind) return columns
  return [...columns].sort((a, b) => blind.order.indexOf(a.id) - blind.order.indexOf(b.id))
}

export const isHidden = (blind: Blind | undefined) => blind !== undefined && blind.verdict === undefined
