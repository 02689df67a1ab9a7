import { useQuery } from '@tanstack/react-query'
import { Plus, UsersRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Consumer } from '@/api/client'
import { queries } from '@/api/queries'
import { useParam } from '@/lib/params'
import { Badge } from '@/ui/Badge'
import { Button } from '@/ui/Button'
import { Empty, Loading, Notice } from '@/ui/Feedback'
import { PageHead } from '@/ui/PageHead'
import { ConsumerCard } from './ConsumerCard'
import { ConsumerDialog } from './ConsumerDialog'

export default function Keys() {
  const { t } = useTranslation()
  const consumers = useQuery(queries.consumers)
  const access = useQuery(queries.settings).data?.access
  const routes = (useQuery(queries.routes).data ?? []).map((r) => r.name)
  const [id] = useParam('id')
  const [editing, setEditing] = useState<Consumer | 'new'>()
  const add = (
    <Button look="primary" icon={Plus} onClick={() => setEditing('new')}>
      {t('keys.add')}
    </Button>
  )
  // The one that was asked for comes first, so that it need not be looked for.
  const sorted = [...(consumers.data ?? [])].sort((a, b) => Number(b.id === id) - Number(a.id === id))
  return (
    <>
      <PageHead intro={t('keys.intro')} actions={consumers.data?.length ? add : undefined} />
      {access && (
        <div className="mb-4">
          <Notice tone={access === 'open' ? 'warn' : 'info'}>
            <Badge tone={access === 'open' ? 'warn' : 'accent'}>{t(`access.${access}`)}</Badge> <span>{t(`access.${access}_note`)}</span>
          </Notice>
        </div>
      )}
      <Loading query={consumers}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={UsersRound} title={t('keys.emptyTitle')} action={add}>
              {t('keys.empty')}
            </Empty>
          ) : (
            <div className="space-y-4">
              {sorted.map((consumer) => (
                <ConsumerCard key={consumer.id} consumer={consumer} onEdit={() => setEditing(consumer)} />
              ))}
            </div>
          )
        }
      </Loading>
      {editing && (
        <ConsumerDialog consumer={editing === 'new' ? undefined : editing} routes={routes} onClose={() => setEditing(undefined)} />
      )}
    </>
  )
}
