/** One line, or one layer of bars, over time. */
export interface Series {
  key: string
  label: string
  /** The name of a colour in app.css, such as s1 or ok. */
  colour: Colour
  /** One for each time; null: nothing is known. */
  values: readonly (number | null)[]
  dashed?: boolean
  /** What stands beside the label while nothing is pointed at. */
  summary?: string
}

export type Colour = 's1' | 's2' | 's3' | 's4' | 's5' | 's6' | 'served' | 'rescued' | 'failed' | 'gone'

/** A stretch that stands out on every chart: an incident. */
export interface Band {
  from: number
  to: number
  label: string
}

/** A moment something was changed. */
export interface Mark {
  at: number
  label: string
}

/** Times are seconds since 1970 and the beginnings of buckets. */
export interface Data {
  times: readonly number[]
  /** Seconds a bucket is long. */
  step: number
  series: readonly Series[]
}
