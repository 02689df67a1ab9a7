import { useQuery } from '@tanstack/react-query'
import { Hourglass } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { modelChoices } from '@/parts/models'
import { Snippets } from '@/parts/Snippets'
import { Card } from '@/ui/Card'
import { Empty } from '@/ui/Feedback'

/** Before the first call: how to make it. The page asks on, and shows it as it comes. */
export function NoCalls() {
  const { t } = useTranslation()
  const providers = useQuery(queries.providers).data ?? []
  const routes = useQuery(queries.routes).data ?? []
  const vendors = useQuery(queries.vendors).data ?? []
  const model = modelChoices(providers, routes, vendors)[0]?.value
  return (
    <div className="space-y-4">
      <Empty icon={Hourglass} title={t('logs.waiting')}>
        {t('logs.waitingHint')}
      </Empty>
      {model && (
        <Card title={t('overview.call')} note={t('snippets.note')}>
          <Snippets model={model} />
        </Card>
      )}
    </div>
  )
}
