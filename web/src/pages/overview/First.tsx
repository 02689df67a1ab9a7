import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Boxes, Hourglass } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { modelChoices } from '@/parts/models'
import { Card } from '@/ui/Card'
import { Empty } from '@/ui/Feedback'

const Snippets = lazy(async () => ({ default: (await import('@/parts/Snippets')).Snippets }))

/** Before there was any request: how to make the first, which then shows by itself. */
export function First() {
  const { t } = useTranslation()
  const providers = useQuery(queries.providers)
  const routes = useQuery(queries.routes).data ?? []
  const vendors = useQuery(queries.vendors).data ?? []
  const model = modelChoices(providers.data ?? [], routes, vendors)[0]?.value
  if (providers.data?.length === 0) {
    return (
      <Empty
        icon={Boxes}
        title={t('providers.emptyTitle')}
        action={
          <Link to="/providers" search={{ new: '1' } as never} className="font-medium text-accent underline">
            {t('providers.add')}
          </Link>
        }
      >
        {t('providers.empty')}
      </Empty>
    )
  }
  return (
    <div className="space-y-4">
      <Empty
        icon={Hourglass}
        title={t('logs.waiting')}
        action={
          <Link to="/playground" className="font-medium text-accent underline">
            {t('overview.tryPlayground')}
          </Link>
        }
      >
        {t('logs.waitingHint')}
      </Empty>
      {model && (
        <Card title={t('overview.call')} note={t('snippets.note')}>
          <Suspense>
            <Snippets model={model} />
          </Suspense>
        </Card>
      )}
    </div>
  )
}
