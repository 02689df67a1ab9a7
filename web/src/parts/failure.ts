import type { TFunction } from 'i18next'

/** The classes of failure that have words of their own; the others stand as they are. */
const known = [
  'auth',
  'bad_request',
  'client_closed',
  'connect',
  'content_filter',
  'context_length',
  'cut',
  'denied',
  'first_token_timeout',
  'headers_timeout',
  'idle_timeout',
  'internal',
  'malformed',
  'model_not_found',
  'overloaded',
  'quota_exhausted',
  'rate_limited',
  'server_error',
  'shutdown',
  'tls',
  'total_timeout',
  'unavailable',
] as const

/** A class of failure in words. */
export function classText(t: TFunction, name: string): string {
  const found = known.find((k) => k === name)
  return found ? t(`failure.${found}`) : name
}
