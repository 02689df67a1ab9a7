import type { Route } from '@/api/client'

/** The routes in which a provider is a target. */
export function usedBy(routes: readonly Route[], provider: string): Route[] {
  return routes.filter((route) =>
    [route.targets, ...route.fallback.map((step) => step.targets)].flat().some((t) => t.provider === provider),
  )
}
