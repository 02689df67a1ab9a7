import type { Status } from '@/api/client'

/**
 * The proxy's address as this browser's machine reaches it: the server says
 * localhost, and the console may be open on another machine.
 */
export function endpoint(status: Pick<Status, 'proxy_http' | 'proxy_https'> | undefined, host = window.location.hostname): string {
  const own = status?.proxy_http || status?.proxy_https
  if (!own) return ''
  const url = new URL(own)
  url.hostname = host
  return `${url.origin}/v1`
}

/** Whether the console is open on the machine the proxy runs on. */
export function isHere(host = window.location.hostname): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]' || host.endsWith('.localhost')
}
