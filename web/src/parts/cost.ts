import type { Schemas } from '@/api/client'
import type { useFormat } from '@/lib/format'

/** What a call cost, in the currency of sums; where there is no rate for that, in the price's own. */
export function costText(f: ReturnType<typeof useFormat>, cost: Schemas['CallCost']): string {
  return cost.display_currency ? f.money(cost.display_amount, cost.display_currency) : f.money(cost.amount, cost.currency)
}
