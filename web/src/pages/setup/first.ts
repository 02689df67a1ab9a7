import type { Vendor } from '@/api/client'
import { isChat } from '@/lib/vendors'
import type { ModelChoice } from '@/parts/models'

/** What a new provider listed when it was tested. */
export interface Probed {
  provider: string
  models: string[]
}

export const probedKey = ['setup', 'probed']

/**
 * The model to say hello to: the first that is known for the provider and that
 * the provider itself lists, else the first it lists to talk to.
 */
export function firstModel(choices: readonly ModelChoice[], probed: Probed | undefined, vendor: Vendor | undefined): string {
  const own = choices.filter((c) => c.kind === 'provider' && (!probed || c.from === probed.provider)).map((c) => c.value)
  const listed = new Set(probed?.models.map((model) => `${probed.provider}/${model}`))
  const both = own.find((value) => listed.has(value))
  if (both || listed.size === 0) return both ?? own[0] ?? ''
  const other = probed?.models.find((model) => isChat(vendor, model))
  return other ? `${probed?.provider}/${other}` : (own[0] ?? '')
}
