import type { Schemas } from '@/api/client'
import type { Cell } from '@/ui/chart/Strip'

/** A stretch of time by how many of its tries failed. */
export function cellOf({ tries, failed }: Pick<Schemas['HealthBucket'], 'tries' | 'failed'>): Cell {
  if (tries === 0) return 'none'
  if (failed === 0) return 'ok'
  return failed / tries >= 0.5 ? 'bad' : 'some'
}
