import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { MapPinOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { Empty, ErrorNote } from '@/ui/Feedback'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <main className="mx-auto max-w-xl p-6 pt-24">
      <h1 className="sr-only">{t('error.notFound')}</h1>
      <Empty
        icon={MapPinOff}
        title={t('error.notFound')}
        action={
          <Link to="/" className="font-medium text-accent underline">
            {t('error.toStart')}
          </Link>
        }
      />
    </main>
  )
}

/** A page broke; the rest of the console goes on. */
export function Lost({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  return (
    <div className="mx-auto max-w-2xl space-y-4 p-6 pt-16">
      <h1 className="font-semibold text-xl">{t('error.broke')}</h1>
      <ErrorNote error={error} />
      <div className="flex gap-2">
        <Button onClick={reset}>{t('common.retry')}</Button>
        <Button onClick={() => window.location.reload()}>{t('error.reload')}</Button>
      </div>
    </div>
  )
}
