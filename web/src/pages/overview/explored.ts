/** The figures that can be looked at over time, by their names in the API. */
export const metrics = [
  'tokens_in_per_s',
  'tokens_out_per_s',
  'ttft_avg',
  'ttft_p95',
  'duration_avg',
  'duration_p50',
  'duration_p90',
  'duration_p95',
  'duration_p99',
  'speed_p50',
  'requests_per_s',
  'success_rate',
  'failed',
  'fallbacks',
  'attempts',
  'cost',
] as const
export type Metric = (typeof metrics)[number]

/** What each can be told apart by. */
export const dimensions = ['model', 'provider', 'consumer', 'route', 'outcome', 'class'] as const
export type Dimension = (typeof dimensions)[number]
