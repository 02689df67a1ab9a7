import type { Provider, Route, Vendor } from '@/api/client'
import { chatModels, isChat } from '@/lib/vendors'

export interface ModelChoice {
  value: string
  /** Where it leads: a route's or a provider's name. */
  from: string
  kind: 'route' | 'provider'
}

/** The models one can ask for: those routes answer to by name, then each provider's. */
export function modelChoices(providers: readonly Provider[], routes: readonly Route[], vendors: readonly Vendor[]): ModelChoice[] {
  const out: ModelChoice[] = []
  for (const route of routes.filter((r) => r.enabled)) {
    for (const match of route.match.models ?? []) {
      if (!match.kind || match.kind === 'exact') out.push({ value: match.value, from: route.name, kind: 'route' })
    }
  }
  for (const provider of providers.filter((p) => p.enabled)) {
    const vendor = vendors.find((v) => v.id === provider.vendor)
    const names = provider.models.length > 0 ? provider.models.filter((m) => isChat(vendor, m)) : chatModels(vendor)
    for (const name of names) out.push({ value: `${provider.name}/${name}`, from: provider.name, kind: 'provider' })
  }
  return out.filter((choice, i) => out.findIndex((other) => other.value === choice.value) === i)
}
