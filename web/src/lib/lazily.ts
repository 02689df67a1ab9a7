import { type ComponentType, lazy } from 'react'

const mark = 'posthouse.reloaded'

/**
 * A component that is fetched when it is first drawn. Where its part is gone,
 * the program was replaced under the open page: the page loads again, once.
 */
// biome-ignore lint/suspicious/noExplicitAny: lazy itself asks for any props
export function lazily<T extends ComponentType<any>>(load: () => Promise<{ default: T }>) {
  return lazy(() =>
    load().catch((error: unknown) => {
      if (!mayReload()) throw error
      window.location.reload()
      return new Promise<never>(() => {})
    }),
  )
}

/** Whether the page has not just loaded for the same reason. */
function mayReload(now = Date.now()): boolean {
  try {
    const last = Number(sessionStorage.getItem(mark) ?? 0)
    sessionStorage.setItem(mark, String(now))
    return now - last > 10_000
  } catch {
    return false
  }
}
