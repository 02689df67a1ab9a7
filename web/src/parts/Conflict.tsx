import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/problem'
import { difference } from '@/lib/diff'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { DiffTable } from './DiffTable'

/** The item as it stands now, if an error says that ours is based on an older one. */
export function currentOf(error: unknown): (Record<string, unknown> & { version: number }) | undefined {
  if (!(error instanceof ApiError) || error.code !== 'stale_version') return undefined
  const current = error.problem?.current
  if (typeof current !== 'object' || current === null) return undefined
  return 'version' in current ? (current as Record<string, unknown> & { version: number }) : undefined
}

interface Props {
  error: unknown
  /** What was to be saved. */
  mine: Record<string, unknown>
  onTheirs: () => void
  /** Save mine after all, on top of the version named. */
  onMine: (version: number) => void
  onClose: () => void
}

/** Somebody else saved first: shows both versions and lets one win. */
export function Conflict({ error, mine, onTheirs, onMine, onClose }: Props) {
  const { t } = useTranslation()
  const current = currentOf(error)
  if (!current) return null
  // Only what a form holds can differ; the rest of the item is bookkeeping.
  const theirs = Object.fromEntries(Object.keys(mine).map((key) => [key, current[key]]))
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('conflict.title')}
      description={t('conflict.intro')}
      footer={
        <>
          <Button onClick={onTheirs}>{t('conflict.theirs')}</Button>
          <Button look="primary" onClick={() => onMine(current.version)}>
            {t('conflict.mine')}
          </Button>
        </>
      }
    >
      <DiffTable rows={difference(theirs, mine)} before={t('conflict.now')} after={t('conflict.yours')} />
    </Dialog>
  )
}
