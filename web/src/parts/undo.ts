import i18next from 'i18next'
import { ApiError } from '@/api/problem'
import { said } from '@/lib/said'
import { toast, toastError } from '@/ui/toast'
import { revertLatest } from './revert'

/** Says that something was deleted, and offers to undo it for as long as that is said. */
export function toastDeleted(name: string, summary: string): void {
  toast(i18next.t('common.deleted'), name, {
    label: i18next.t('common.undo'),
    run: () =>
      void revertLatest(summary).then(
        (done) => done && toast(i18next.t('audit.reverted'), name),
        (error: unknown) => toastError(i18next.t('error.unexpected'), error instanceof ApiError ? said(error.message) : undefined),
      ),
  })
}
