import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { leadsHere } from '@/lib/vendors'
import { Notice } from '@/ui/Feedback'

/** Warns of an address that leads to Posthouse itself: a few local servers and it like the same port. */
export function OwnPort({ base }: { base: string }) {
  const { t } = useTranslation()
  const status = useQuery(queries.status).data
  if (!status || !leadsHere(base, [status.proxy_http, status.proxy_https])) return null
  return <Notice>{t('providers.ownPort', { url: base })}</Notice>
}
