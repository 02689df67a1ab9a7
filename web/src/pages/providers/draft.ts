import type { Provider, ProviderSpec, Timeouts, Vendor } from '@/api/client'
import { type Pair, toPairs, toTable } from '@/ui/PairsField'

/** A provider's settings as the form holds them. */
export interface Draft {
  name: string
  vendor: string
  enabled: boolean
  region: string
  base_url: string
  fields: Record<string, string>
  models: string[]
  proxy: string
  allow_private: boolean
  headers: Pair[]
  query: Pair[]
  timeouts: Timeouts
}

export function emptyDraft(vendor: Vendor, name: string): Draft {
  return {
    name,
    vendor: vendor.id,
    enabled: true,
    region: vendor.regions[0]?.id ?? '',
    base_url: vendor.local ? vendor.base_url : '',
    fields: {},
    models: [],
    proxy: '',
    allow_private: vendor.local,
    headers: [],
    query: [],
    timeouts: {},
  }
}

export function toDraft(p: Provider): Draft {
  return {
    name: p.name,
    vendor: p.vendor,
    enabled: p.enabled,
    region: p.region,
    base_url: p.base_url,
    fields: p.fields,
    models: p.models,
    proxy: p.proxy,
    allow_private: p.allow_private,
    headers: toPairs(p.headers),
    query: toPairs(p.query),
    timeouts: p.timeouts,
  }
}

export function toSpec(d: Draft): ProviderSpec {
  return {
    ...d,
    fields: Object.fromEntries(Object.entries(d.fields).filter(([, value]) => value !== '')),
    headers: toTable(d.headers),
    query: toTable(d.query),
  }
}
