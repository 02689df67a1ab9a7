import { api, unwrap } from '@/api/client'
import { refresh } from '@/api/queries'

/** Undoes a change; answers what could not be brought back. */
export async function revert(id: number, force = false): Promise<string[]> {
  const { lost } = await unwrap(api.POST('/api/revisions/{id}/revert', { params: { path: { id } }, body: { force } }))
  await refresh('providers', 'routes', 'consumers', 'settings', 'prices', 'records', 'telemetry', 'alerts')
  return lost
}

/** Undoes the latest change, if it is still the one that is meant. */
export async function revertLatest(summary: string): Promise<boolean> {
  const { revisions } = await unwrap(api.GET('/api/revisions', { params: { query: { limit: 5 } } }))
  const found = revisions.find((revision) => revision.summary === summary)
  if (!found) return false
  await revert(found.id)
  return true
}
