import type { Route, Schemas } from '@/api/client'
import { fits } from '@/lib/vendors'

type ModelMatch = Schemas['ModelMatch']
type NameMatch = Schemas['NameMatch']
type Match = Route['match']

/** The same condition as the simplest kind it is: a pattern may be no more than a name or a beginning. */
function plainest({ kind = 'exact', value }: ModelMatch): Required<ModelMatch> {
  if (kind === 'glob' && !/[*?[]/.test(value)) return { kind: 'exact', value }
  if (kind === 'glob' && /^[^*?[\]]+\*$/.test(value)) return { kind: 'prefix', value: value.slice(0, -1) }
  return { kind, value }
}

/** Whether everything that fits one condition on the model fits the other; when in doubt it does not. */
function modelCovers(first: ModelMatch, second: ModelMatch): boolean {
  const a = plainest(first)
  const b = plainest(second)
  const kindA = a.kind
  const kindB = b.kind
  if (kindA === kindB && a.value === b.value) return true
  if (kindB === 'exact') {
    if (kindA === 'prefix') return b.value.startsWith(a.value)
    if (kindA === 'glob') return !/[?[\]]/.test(a.value) && fits(a.value, b.value)
    return false
  }
  if (kindA === 'prefix') {
    if (kindB === 'prefix') return b.value.startsWith(a.value)
    return kindB === 'glob' && (b.value.split(/[*?[]/)[0] ?? '').startsWith(a.value)
  }
  return kindA === 'glob' && a.value === '*'
}

function hostCovers(a: string, b: string): boolean {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  return x === y || (x.startsWith('*.') && y.endsWith(x.slice(1)))
}

/** Whether a request that carries all of theirs carries all of ours. */
function namesCover(ours: readonly NameMatch[] = [], theirs: readonly NameMatch[] = [], anyCase: boolean): boolean {
  const same = (a: string, b: string) => (anyCase ? a.toLowerCase() === b.toLowerCase() : a === b)
  return ours.every((o) => theirs.some((t) => same(t.name, o.name) && (!o.value || o.value === t.value)))
}

/** Whether every request that fits b fits a as well. */
export function covers(a: Match, b: Match): boolean {
  const prefix = (m: Match) => (m.path_prefix ?? '').replace(/\/$/, '')
  if (prefix(a) !== prefix(b)) return false
  const hosts = a.hosts ?? []
  if (hosts.length > 0 && !((b.hosts ?? []).length > 0 && b.hosts?.every((theirs) => hosts.some((ours) => hostCovers(ours, theirs)))))
    return false
  if (!namesCover(a.headers, b.headers, true) || !namesCover(a.query, b.query, false)) return false
  const models = a.models ?? []
  if (models.length === 0) return true
  const theirs = b.models ?? []
  return theirs.length > 0 && theirs.every((t) => models.some((ours) => modelCovers(ours, t)))
}

type Ordered = Pick<Route, 'id' | 'name' | 'enabled' | 'position' | 'match'>

/** The route before this one that takes everything this one could; then it can never match. */
export function shadowOf<T extends Ordered>(route: Ordered, all: readonly T[]): T | undefined {
  if (!route.enabled) return undefined
  return all.find((other) => other.id !== route.id && other.enabled && other.position < route.position && covers(other.match, route.match))
}
