// What the charts show, asked of a Prometheus that scrapes /metrics: docs/metrics.md.

/** How far back a rate looks. Grafana's own $__rate_interval would be none to Prometheus itself. */
const span = '[5m]'

const rate = (metric: string, labels = '') => `rate(${metric}${labels && `{${labels}}`}${span})`
const sum = (by: string, expression: string) => `sum${by && ` by (${by})`} (${expression})`

/** Several queries as one, told apart by a label. */
const together = (label: string, queries: Record<string, string>) =>
  Object.entries(queries)
    .map(([name, query]) => `label_replace(${query}, "${label}", "${name}", "", "")`)
    .join('\nor ')

const ttft = 'gen_ai_server_time_to_first_token_seconds'
const duration = 'gen_ai_client_operation_duration_seconds'
/** Latency is that of requests that were served. */
const served = 'error_type=""'

const quantile = (q: number, metric: string, by: string, labels = '') =>
  `histogram_quantile(${q}, ${sum(by ? `le, ${by}` : 'le', rate(`${metric}_bucket`, labels))})`
const mean = (metric: string, by: string, labels = '') =>
  `${sum(by, rate(`${metric}_sum`, labels))} / ${sum(by, rate(`${metric}_count`, labels))}`

const tokensIn = 'kind=~"input|cache_read|cache_write"'
const tokensOut = 'kind="output"'

export const outcomes = sum('status, error_type', rate('posthouse_requests_total'))

export const tokens = together('direction', {
  in: sum('', rate('posthouse_tokens_total', tokensIn)),
  out: sum('', rate('posthouse_tokens_total', tokensOut)),
})

export function quantiles(kind: 'ttft' | 'duration'): string {
  const of = (q: number) => (kind === 'ttft' ? quantile(q, ttft, '') : quantile(q, duration, '', served))
  return together('quantile', { '0.5': of(0.5), '0.95': of(0.95), '0.99': of(0.99) })
}

/** The labels that stand for what figures are told apart by; a family of metrics has some of them. */
const counters: Record<string, string> = {
  model: 'model',
  provider: 'gen_ai_provider_name',
  route: 'route',
  outcome: 'status, error_type',
  class: 'error_type',
}
const histograms: Record<string, string> = { model: 'gen_ai_request_model', provider: 'gen_ai_provider_name' }
const only = (labels: Record<string, string>, names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)))
const vendor = only(counters, ['model', 'provider'])

type Ask = (by: string) => string
const histogram = (ask: Ask): [Record<string, string>, Ask] => [histograms, ask]

const explored: Record<string, [labels: Record<string, string>, ask: Ask]> = {
  tokens_in_per_s: [vendor, (by) => sum(by, rate('posthouse_tokens_total', tokensIn))],
  tokens_out_per_s: [vendor, (by) => sum(by, rate('posthouse_tokens_total', tokensOut))],
  ttft_avg: histogram((by) => mean(ttft, by)),
  ttft_p95: histogram((by) => quantile(0.95, ttft, by)),
  duration_avg: histogram((by) => mean(duration, by, served)),
  duration_p50: histogram((by) => quantile(0.5, duration, by, served)),
  duration_p90: histogram((by) => quantile(0.9, duration, by, served)),
  duration_p95: histogram((by) => quantile(0.95, duration, by, served)),
  duration_p99: histogram((by) => quantile(0.99, duration, by, served)),
  // From the time that a token took; the slower half has the longer times.
  speed_p50: histogram((by) => `1 / ${quantile(0.5, 'gen_ai_server_time_per_output_token_seconds', by)}`),
  requests_per_s: [counters, (by) => sum(by, rate('posthouse_requests_total'))],
  success_rate: [
    only(counters, ['model', 'provider', 'route']),
    (by) =>
      `1 - (${sum(by, rate('posthouse_requests_total', 'error_type!=""'))} or 0 * ${sum(by, rate('posthouse_requests_total'))}) / ${sum(by, rate('posthouse_requests_total'))}`,
  ],
  failed: [counters, (by) => sum(by, rate('posthouse_requests_total', 'error_type!=""'))],
  fallbacks: [only(counters, ['model', 'provider', 'route']), (by) => sum(by, rate('posthouse_fallbacks_total'))],
  attempts: [only(counters, ['model', 'provider', 'class']), (by) => sum(by, rate('posthouse_attempts_total'))],
  cost: [vendor, (by) => sum(`${by}, currency`, rate('posthouse_cost_total'))],
}

/** What the metrics count of consumers is little, and only where it was switched on. */
const consumers: Record<string, string> = {
  tokens_in_per_s: sum('consumer', rate('posthouse_consumer_tokens_total', 'gen_ai_token_type="input"')),
  tokens_out_per_s: sum('consumer', rate('posthouse_consumer_tokens_total', 'gen_ai_token_type="output"')),
  requests_per_s: sum('consumer', rate('posthouse_consumer_requests_total')),
  cost: sum('consumer, currency', rate('posthouse_consumer_cost_total')),
}

/** Any figure by anything; undefined where the metrics don't tell it apart so. */
export function explore(metric: string, by: string): string | undefined {
  if (by === 'consumer') return consumers[metric]
  const [labels, ask] = explored[metric] ?? []
  const label = labels?.[by]
  return label && ask?.(label)
}
