import { useTranslation } from 'react-i18next'
import { Code } from '@/ui/Copy'
import { Notice } from '@/ui/Feedback'

/** A key that was just made: this is the only time it can be seen. */
export function SecretShown({ secret }: { secret: string }) {
  const { t } = useTranslation()
  return (
    <div className="space-y-3">
      <Notice>{t('keys.once')}</Notice>
      <Code text={secret} label={t('keys.newKey')} />
    </div>
  )
}
