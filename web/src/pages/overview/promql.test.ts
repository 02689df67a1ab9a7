import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dimensions, metrics } from './explored'
import { explore, outcomes, quantiles, tokens } from './promql'

const source = ['series.go', 'record.go', 'state.go']
  .map((file) => readFileSync(join(process.cwd(), '../server/metrics', file), 'utf8'))
  .join('\n')

const all = [outcomes, tokens, quantiles('ttft'), quantiles('duration')].concat(
  metrics.flatMap((metric) => dimensions.flatMap((by) => explore(metric, by) ?? [])),
)

describe('a chart as PromQL', () => {
  it('asks for the 95th percentile as Prometheus keeps it', () => {
    expect(explore('ttft_p95', 'model')).toBe(
      'histogram_quantile(0.95, sum by (le, gen_ai_request_model) (rate(gen_ai_server_time_to_first_token_seconds_bucket[5m])))',
    )
    expect(tokens.split('\nor ')).toHaveLength(2)
  })

  it('is not there for what the metrics do not tell apart', () => {
    expect(explore('ttft_p95', 'route')).toBeUndefined()
    expect(explore('failed', 'consumer')).toBeUndefined()
    expect(explore('nonsense', 'model')).toBeUndefined()
  })

  it('names only metrics and labels that the program has', () => {
    expect(all.length).toBeGreaterThan(30)
    for (const query of all) {
      for (const [name] of query.matchAll(/\b(?:posthouse|gen_ai)_\w+(?=[[{])/g)) {
        expect(source, query).toContain(`"${name.replace(/_(bucket|sum|count)$/, '')}"`)
      }
      for (const [, labels = ''] of query.matchAll(/by \(([^)]*)\)/g)) {
        for (const label of labels.split(', ').filter((l) => l !== 'le')) expect(source, query).toContain(`"${label}"`)
      }
      expect(query.split('(').length, query).toBe(query.split(')').length)
    }
  })
})
