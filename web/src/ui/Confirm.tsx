import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from './Button'
import { Dialog } from './Dialog'
import { ErrorNote } from './Feedback'

interface Props {
  title: string
  children: ReactNode
  action: string
  onConfirm: () => Promise<unknown>
  onClose: () => void
  /** Shown instead of the error's own text, where there is something better. */
  explain?: (error: unknown) => ReactNode
}

/** Asks once before something is destroyed, does it, and says why if it fails. */
export function Confirm({ title, children, action, onConfirm, onClose, explain }: Props) {
  const { t } = useTranslation()
  const run = useMutation({ mutationFn: onConfirm, onSuccess: onClose })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="danger" busy={run.isPending} onClick={() => run.mutate()}>
            {action}
          </Button>
        </>
      }
    >
      <div className="space-y-3 text-ink2">{children}</div>
      {run.isError && <div className="mt-4">{explain?.(run.error) ?? <ErrorNote error={run.error} />}</div>}
    </Dialog>
  )
}
