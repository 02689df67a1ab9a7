import createClient from 'openapi-fetch'
import { ApiError, type Problem } from './problem'
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type Provider = Schemas['Provider']
export type ProviderKey = Schemas['ProviderKey']
export type ProviderSpec = Omit<Schemas['CreateProviderInputBody'], 'keys'>
export type Vendor = Schemas['Vendor']
export type Route = Schemas['Route']
export type RouteSpec = Schemas['RouteSpec']
export type Target = Schemas['Target']
export type Step = Schemas['Step']
export type Timeouts = Schemas['Timeouts']
export type Consumer = Schemas['Consumer']
export type ConsumerKey = Schemas['ConsumerKey']
export type Settings = Schemas['Settings']
export type Status = Schemas['Status']
export type Revision = Schemas['Revision']
export type RevisionItem = Schemas['RevisionItem']
export type Probe = Schemas['Probe']
export type Explanation = Schemas['Explanation']
export type Plan = Schemas['Plan']
export type Call = Schemas['Call']
export type Overview = Schemas['Overview']
export type Totals = Schemas['Totals']
export type Health = Schemas['Health']
export type Live = Schemas['Live']
export type Facets = Schemas['Facets']
export type AdminUser = Schemas['AdminUser']
export type GameDay = Schemas['GameDay']
export type Price = Schemas['Price']
export type APIToken = Schemas['APIToken']

/** What the console calls. */
export const api = createClient<paths>({ baseUrl: '/' })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Waits for an answer and throws an ApiError unless it is the one hoped for. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(0, undefined, undefined)
  }
  const { response } = answer
  if (response.ok) return answer.data as T
  throw failure(response, answer.error)
}

/** Makes an ApiError of an answer and its body. */
export function failure(response: Response, body: unknown): ApiError {
  const problem = typeof body === 'object' && body !== null && 'detail' in body ? (body as Problem) : undefined
  const wait = Number(response.headers.get('Retry-After'))
  return new ApiError(response.status, problem, response.headers.get('X-Request-Id') ?? undefined, wait > 0 ? wait : undefined)
}
