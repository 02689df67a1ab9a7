import type { Data } from './types'

/** Text as one field of a CSV file; what a spreadsheet would take for a formula is kept from being one. */
export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => row.map((cell) => (cell === null ? '' : csvField(String(cell)))).join(',')).join('\r\n')
}

/** A chart's figures, oldest first. */
export function chartCSV({ times, series }: Data): string {
  const head = ['time', ...series.map((s) => s.label)]
  return csv([head, ...times.map((at, i) => [new Date(at * 1000).toISOString(), ...series.map((s) => s.values[i] ?? null)])])
}

/** Each layer on top of the ones before it; where one is not known it adds nothing. */
export function stack(series: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const out: (number | null)[][] = []
  for (const values of series) {
    const below = out.at(-1)
    out.push(values.map((v, i) => (v === null && (below?.[i] ?? null) === null ? null : (v ?? 0) + (below?.[i] ?? 0))))
  }
  return out
}

/** Values with no neighbour, which a line would not show. */
export function alone(values: readonly (number | null | undefined)[]): number[] {
  return values.flatMap((v, i) => (v != null && values[i - 1] == null && values[i + 1] == null ? [i] : []))
}
