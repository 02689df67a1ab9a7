import type { Price, Schemas } from '@/api/client'

/** What is sent of a price. */
export function specOf(price: Partial<Price>): Schemas['PriceSpec'] {
  const { id: _id, shipped: _shipped, updated_at: _at, version: _version, ...spec } = price
  return { ...spec, currency: spec.currency || 'USD', model: spec.model ?? '' }
}
