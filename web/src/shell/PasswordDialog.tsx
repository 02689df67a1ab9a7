import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { faultAt, isAllInFields } from '@/api/problem'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNote } from '@/ui/Feedback'
import { SecretField } from '@/ui/SecretField'
import { toast } from '@/ui/toast'

export function PasswordDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const change = useMutation({
    mutationFn: () => unwrap(api.POST('/api/password', { body: { current, new: next } })),
    onSuccess: () => {
      toast(t('shell.password.done'))
      onClose()
    },
  })
  const inFields = isAllInFields(change.error, ['current', 'new'])
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('shell.password.title')}
      description={t('shell.password.note')}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form="password-form" busy={change.isPending} disabled={!current || !next}>
            {t('shell.password.action')}
          </Button>
        </>
      }
    >
      <form
        id="password-form"
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          change.mutate()
        }}
      >
        <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
        <SecretField
          label={t('shell.password.current')}
          value={current}
          onChange={setCurrent}
          autoComplete="current-password"
          error={faultAt(change.error, 'current')}
        />
        <SecretField
          label={t('shell.password.new')}
          value={next}
          onChange={setNext}
          autoComplete="new-password"
          hint={t('setup.passwordHint')}
          error={faultAt(change.error, 'new')}
        />
        {change.isError && !inFields && <ErrorNote error={change.error} />}
      </form>
    </Dialog>
  )
}
