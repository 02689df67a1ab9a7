import type { Route, RouteSpec, Schemas, Target, Timeouts } from '@/api/client'
import { percentages } from '@/lib/list'

/** A route as the editor holds it: the targets and the fallback steps in one list. */
export interface Draft {
  name: string
  enabled: boolean
  /** Models as they are written: gpt-4o, gpt-4*, or /regular expression/. */
  models: string[]
  hosts: string[]
  path_prefix: string
  headers: [string, string][]
  query: [string, string][]
  on: string[]
  steps: DraftStep[]
  timeouts: Timeouts
  /** The order among the targets of a step; empty is by weight. */
  balance: string
  /** Whether a conversation stays where it was; empty is auto. */
  affinity: string
  failover: Schemas['Failover']
  /** What can't be said in the vendor's dialect is refused, not left out. */
  strict: boolean
  /** Whether and how prompts and answers are kept; patterns may hold lines that are empty still. */
  capture: Schemas['CaptureSpec']
}

export interface DraftStep {
  /** What leads here; empty is the route's. Means nothing for the first step. */
  on: string[]
  targets: DraftTarget[]
}

export interface DraftTarget {
  provider: string
  model: string
  weight: number
  rewrite: [string, string][]
}

type ModelMatch = Schemas['ModelMatch']

/** A condition on the model as one writes it. */
export function matchText(match: ModelMatch): string {
  if (match.kind === 'prefix') return `${match.value}*`
  if (match.kind === 'regex') return `/${match.value}/`
  return match.value
}

/** Reads a condition on the model. */
export function readMatch(text: string): ModelMatch {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) return { kind: 'regex', value: text.slice(1, -1) }
  if (/^[^*?[\]]+\*$/.test(text)) return { kind: 'prefix', value: text.slice(0, -1) }
  return { kind: /[*?[]/.test(text) ? 'glob' : 'exact', value: text }
}

export function newTarget(provider: string): DraftTarget {
  return { provider, model: '', weight: 1, rewrite: [] }
}

export function emptyDraft(provider: string): Draft {
  return {
    name: '',
    enabled: true,
    models: [],
    hosts: [],
    path_prefix: '',
    headers: [],
    query: [],
    on: [],
    steps: [{ on: [], targets: [newTarget(provider)] }],
    timeouts: {},
    balance: '',
    affinity: '',
    failover: {},
    strict: false,
    capture: {},
  }
}

function readTarget(t: Target): DraftTarget {
  return { provider: t.provider, model: t.model ?? '', weight: t.weight ?? 1, rewrite: (t.rewrite ?? []).map((r) => [r.from, r.to ?? '']) }
}

export function toDraft(route: Route): Draft {
  const pairs = (list: Schemas['NameMatch'][] | undefined) => (list ?? []).map((m): [string, string] => [m.name, m.value ?? ''])
  return {
    name: route.name,
    enabled: route.enabled,
    models: (route.match.models ?? []).map(matchText),
    hosts: route.match.hosts ?? [],
    path_prefix: route.match.path_prefix ?? '',
    headers: pairs(route.match.headers),
    query: pairs(route.match.query),
    on: route.on,
    steps: [
      { on: [], targets: route.targets.map(readTarget) },
      ...route.fallback.map((step) => ({ on: step.on ?? [], targets: step.targets.map(readTarget) })),
    ],
    timeouts: route.timeouts,
    balance: route.balance ?? '',
    affinity: route.affinity ?? '',
    failover: route.failover,
    strict: route.strict ?? false,
    capture: route.capture ?? {},
  }
}

function specTarget(t: DraftTarget): Target {
  const rewrite = t.rewrite.filter(([from]) => from !== '').map(([from, to]) => ({ from, to: to || undefined }))
  return { provider: t.provider, model: t.model || undefined, weight: t.weight, rewrite: rewrite.length > 0 ? rewrite : undefined }
}

export function toSpec(d: Draft): RouteSpec {
  const pairs = (list: [string, string][]) =>
    list.filter(([name]) => name !== '').map(([name, value]) => ({ name, value: value || undefined }))
  const [first, ...rest] = d.steps
  return {
    name: d.name.trim(),
    enabled: d.enabled,
    match: {
      models: d.models.map(readMatch),
      hosts: d.hosts,
      path_prefix: d.path_prefix || undefined,
      headers: pairs(d.headers),
      query: pairs(d.query),
    },
    targets: (first?.targets ?? []).map(specTarget),
    fallback: rest.map((step) => ({ targets: step.targets.map(specTarget), on: step.on })),
    on: d.on,
    timeouts: d.timeouts,
    balance: (d.balance || undefined) as RouteSpec['balance'],
    affinity: (d.affinity || undefined) as RouteSpec['affinity'],
    failover: d.failover,
    strict: d.strict || undefined,
    capture: specCapture(d.capture),
  }
}

/** Only what was said; nothing where all is as it would be anyway. */
function specCapture(c: Draft['capture']): Draft['capture'] | undefined {
  const given = Object.entries({ ...c, patterns: c.patterns?.filter(Boolean) }).filter(
    ([, value]) => value && (!Array.isArray(value) || value.length > 0),
  )
  return given.length > 0 ? Object.fromEntries(given) : undefined
}

/** A route's own part of a document, as the editor holds it; what is missing is empty. */
export function fromSpec(spec: Partial<RouteSpec>): Draft {
  return toDraft({
    id: '',
    position: 0,
    version: 0,
    created_at: '',
    updated_at: '',
    ...spec,
    name: spec.name ?? '',
    enabled: spec.enabled ?? true,
    match: spec.match ?? {},
    targets: spec.targets ?? [],
    fallback: spec.fallback ?? [],
    on: (spec.on ?? []).map(String),
    timeouts: spec.timeouts ?? {},
    balance: spec.balance ?? '',
    affinity: spec.affinity ?? '',
    failover: spec.failover ?? {},
    strict: spec.strict ?? false,
    capture: spec.capture ?? {},
  } as Route)
}

/** Where a step's targets stand in what is sent, so that faults find their field. */
export function stepPath(step: number): string {
  return step === 0 ? 'targets' : `fallback[${step - 1}].targets`
}

/** Each target's share of its step, in percent. */
export function shares(targets: readonly DraftTarget[]): number[] {
  return percentages(targets.map((t) => t.weight))
}
