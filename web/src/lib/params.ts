import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export type Params = Record<string, string | undefined>

/** Keeps from an address's query what pages understand: short texts. */
export function readParams(raw: Record<string, unknown>): Params {
  const out: Params = {}
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value === 'number' || typeof value === 'boolean') out[name] = String(value)
    else if (typeof value === 'string' && value.length <= 2048) out[name] = value
  }
  return out
}

/** One value in the address's query, and how to change it. Undefined takes it out. */
export function useParam(name: string): [string | undefined, (value: string | undefined) => void] {
  const search = useSearch({ strict: false }) as Params
  const navigate = useNavigate()
  const set = useCallback(
    (value: string | undefined) => {
      void navigate({ to: '.', search: ((old: Params) => ({ ...old, [name]: value })) as never, resetScroll: false })
    },
    [name, navigate],
  )
  return [search[name], set]
}

/** Several values at once. */
export function useSetParams(): (values: Params, replace?: boolean) => void {
  const navigate = useNavigate()
  return useCallback(
    (values: Params, replace = false) => {
      void navigate({ to: '.', search: ((old: Params) => ({ ...old, ...values })) as never, resetScroll: false, replace, hash: true })
    },
    [navigate],
  )
}
