import { useTranslation } from 'react-i18next'
import { api, unwrap } from '@/api/client'
import { Confirm } from '@/ui/Confirm'

export function LogoutAll({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation()
  return (
    <Confirm
      title={t('shell.logoutAll')}
      action={t('shell.logoutAll')}
      onClose={onClose}
      onConfirm={async () => {
        await unwrap(api.POST('/api/logout-all'))
        onDone()
      }}
    >
      <p>{t('shell.logoutAllAsk')}</p>
    </Confirm>
  )
}
