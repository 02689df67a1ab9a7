import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Revision } from '@/api/client'
import { ApiError } from '@/api/problem'
import { difference } from '@/lib/diff'
import { said } from '@/lib/said'
import { DiffTable } from '@/parts/DiffTable'
import { revert } from '@/parts/revert'
import { Confirm } from '@/ui/Confirm'
import { ErrorNote, Notice } from '@/ui/Feedback'
import { toast } from '@/ui/toast'

/** The kinds of item that can be brought back by themselves. */
export const revertible = new Set(['route', 'provider', 'consumer', 'settings', 'route order', 'provider order'])

/** Asks before a change is undone, and once more if what it made was changed again. */
export function Revert({ revision, onClose }: { revision: Revision; onClose: () => void }) {
  const { t } = useTranslation()
  const [force, setForce] = useState(false)
  return (
    <Confirm
      title={t('audit.revertTitle')}
      action={force ? t('audit.revertAnyway') : t('audit.revert')}
      onClose={onClose}
      onConfirm={async () => {
        try {
          const lost = await revert(revision.id, force)
          toast(t('audit.reverted'), lost.length > 0 ? t('audit.lost', { what: lost.join('; ') }) : undefined)
        } catch (error) {
          if (error instanceof ApiError && error.code === 'changed_since') setForce(true)
          throw error
        }
      }}
      explain={(error) =>
        error instanceof ApiError && error.code === 'changed_since' ? (
          <Notice>{t('audit.changedSince')}</Notice>
        ) : (
          <ErrorNote error={error} />
        )
      }
    >
      <p>{said(revision.summary)}</p>
      {revision.items.map((item) => (
        <div key={`${item.kind} ${item.id}`}>
          <p className="mb-1 font-medium text-ink">
            {item.kind} {item.name}
          </p>
          <DiffTable rows={difference(item.after, item.before)} />
        </div>
      ))}
    </Confirm>
  )
}
