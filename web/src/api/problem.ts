import { said } from '@/lib/said'
import type { components } from './schema'

export type Problem = components['schemas']['Problem']

/** An answer that is not the one hoped for, with what the server said about it. */
export class ApiError extends Error {
  override name = 'ApiError'
  constructor(
    /** The HTTP status; 0 if there was no answer at all. */
    readonly status: number,
    readonly problem: Problem | undefined,
    readonly requestId: string | undefined,
    /** Seconds to wait before the next try, where the server says so. */
    readonly retryAfter?: number,
  ) {
    super(problem?.detail ?? (status === 0 ? 'unreachable' : `status ${status}`))
  }

  get code(): string {
    return this.problem?.code ?? ''
  }

  /** What is wrong with one field, such as "name" or "targets[0].model". */
  at(field: string): string | undefined {
    const found = this.problem?.errors?.filter((e) => e.location === `body.${field}`)
    return found?.length ? found.map((e) => said(e.message)).join('; ') : undefined
  }

  /** Faults in or below a field. */
  below(field: string): string[] {
    const path = `body.${field}`
    return (this.problem?.errors ?? [])
      .filter((e) => e.location === path || e.location?.startsWith(`${path}.`) || e.location?.startsWith(`${path}[`))
      .map((e) => (e.location === path ? said(e.message) : `${e.location?.slice(5)}: ${said(e.message)}`))
  }
}

/** What is wrong with a field according to whatever a mutation failed with. */
export function faultAt(error: unknown, field: string): string | undefined {
  return error instanceof ApiError ? error.at(field) : undefined
}

export function faultsBelow(error: unknown, field: string): string | undefined {
  const found = error instanceof ApiError ? error.below(field) : []
  return found.length ? found.join('; ') : undefined
}

/** Whether a failure is shown in full by the fields it names. */
export function isAllInFields(error: unknown, fields: string[]): boolean {
  if (!(error instanceof ApiError) || !error.problem?.errors?.length) return false
  return error.problem.errors.every((e) => fields.some((f) => e.location === `body.${f}` || e.location?.startsWith(`body.${f}[`)))
}
