import { useEffect, useRef } from 'react'

/** What to do with each kind of event; their data is JSON. */
type Handlers = Record<string, (data: never) => void>

/**
 * Listens to a stream of the server's events for as long as the component is
 * shown and the page can be seen. The browser asks again by itself when the
 * stream ends.
 */
export function useEvents(url: string | undefined, handlers: Handlers): void {
  const latest = useRef(handlers)
  latest.current = handlers
  const names = Object.keys(handlers).join()
  useEffect(() => {
    if (!url || typeof EventSource === 'undefined') return
    let source: EventSource | undefined
    const listen = () => {
      source?.close()
      source = undefined
      if (document.hidden) return
      source = new EventSource(url)
      for (const name of names.split(',')) {
        source.addEventListener(name, (event) => latest.current[name]?.(JSON.parse((event as MessageEvent<string>).data) as never))
      }
    }
    listen()
    document.addEventListener('visibilitychange', listen)
    return () => {
      document.removeEventListener('visibilitychange', listen)
      source?.close()
    }
  }, [url, names])
}
