import { useInfiniteQuery } from '@tanstack/react-query'
import { ChevronRight, ClipboardList, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Revision, type RevisionItem, unwrap } from '@/api/client'
import { difference } from '@/lib/diff'
import { useFormat } from '@/lib/format'
import { useParam } from '@/lib/params'
import { said } from '@/lib/said'
import { DiffTable } from '@/parts/DiffTable'
import { Badge, type Tone } from '@/ui/Badge'
import { Button } from '@/ui/Button'
import { Empty, Loading } from '@/ui/Feedback'
import { PageHead } from '@/ui/PageHead'
import { Revert, revertible } from './Revert'

export default function Audit() {
  const { t } = useTranslation()
  const [find, setFind] = useParam('find')
  const revisions = useInfiniteQuery({
    queryKey: ['revisions', 'all'],
    queryFn: ({ pageParam }) => unwrap(api.GET('/api/revisions', { params: { query: { before: pageParam, limit: 50 } } })),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
  })
  const wanted = (find ?? '').trim().toLowerCase()
  return (
    <>
      <PageHead
        intro={t('audit.intro')}
        actions={
          <input
            type="search"
            aria-label={t('audit.find')}
            placeholder={t('audit.find')}
            value={find ?? ''}
            onChange={(e) => setFind(e.target.value || undefined)}
            className="control w-64"
          />
        }
      />
      <Loading query={revisions}>
        {(data) => {
          const all = data.pages.flatMap((page) => page.revisions)
          const shown = all.filter((r) => textOf(r).includes(wanted))
          if (all.length === 0) {
            return (
              <Empty icon={ClipboardList} title={t('audit.emptyTitle')}>
                {t('audit.empty')}
              </Empty>
            )
          }
          return (
            <>
              <ol className="divide-y divide-line overflow-hidden rounded-2xl border border-line bg-surface shadow-card">
                {shown.map((revision) => (
                  <Row key={revision.id} revision={revision} />
                ))}
                {shown.length === 0 && <li className="p-4 text-ink2">{t('audit.none')}</li>}
              </ol>
              {revisions.hasNextPage && (
                <div className="mt-4 text-center">
                  <Button busy={revisions.isFetchingNextPage} onClick={() => void revisions.fetchNextPage()}>
                    {t('audit.older')}
                  </Button>
                </div>
              )}
            </>
          )
        }}
      </Loading>
    </>
  )
}

function textOf(r: Revision): string {
  return [r.summary, said(r.summary), r.actor.name, r.actor.via, r.actor.ip ?? '', ...r.items.map((i) => `${i.kind} ${i.name}`)]
    .join(' ')
    .toLowerCase()
}

const vias = ['session', 'token', 'cli', 'file', 'setup'] as const

function Row({ revision }: { revision: Revision }) {
  const { t } = useTranslation()
  const f = useFormat()
  const [reverting, setReverting] = useState(false)
  const via = vias.find((v) => v === revision.actor.via)
  return (
    <li>
      <details className="group">
        <summary className="flex list-none flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-3 hover:bg-sunken">
          <ChevronRight aria-hidden className="size-4 shrink-0 text-ink3 transition-transform group-open:rotate-90" />
          <span className="min-w-0 flex-1 break-words font-medium">{said(revision.summary)}</span>
          <span className="text-ink2">
            {revision.actor.name} · {via ? t(`audit.via.${via}`) : revision.actor.via}
            {revision.actor.ip && <span className="font-mono text-[0.9rem]"> · {revision.actor.ip}</span>}
          </span>
          <time dateTime={revision.at} title={f.ago(revision.at)} className="text-ink3 tabular-nums">
            {f.time(revision.at)}
          </time>
        </summary>
        <div className="space-y-4 border-line border-t bg-sunken px-4 py-4">
          {revision.items.length === 0 && <p className="text-ink2">{t('diff.none')}</p>}
          {revision.items.map((item) => (
            <Item key={`${item.kind} ${item.id}`} item={item} />
          ))}
          {revision.items.some((item) => revertible.has(item.kind)) && (
            <Button size="sm" icon={Undo2} onClick={() => setReverting(true)}>
              {t('audit.revert')}
            </Button>
          )}
          {reverting && <Revert revision={revision} onClose={() => setReverting(false)} />}
        </div>
      </details>
    </li>
  )
}

const tones: Record<RevisionItem['op'], Tone> = { create: 'ok', update: 'accent', delete: 'bad' }

const kinds = {
  admin: 'admin',
  consumer: 'consumer',
  fault: 'fault',
  'game day': 'gameDay',
  price: 'price',
  provider: 'provider',
  'provider order': 'providerOrder',
  route: 'route',
  'route order': 'routeOrder',
  settings: 'settings',
} as const

function Item({ item }: { item: RevisionItem }) {
  const { t } = useTranslation()
  const kind = kinds[item.kind as keyof typeof kinds]
  return (
    <div className="rounded-xl bg-surface p-3">
      <p className="mb-2 flex flex-wrap items-center gap-2">
        <Badge tone={tones[item.op]}>{t(`op.${item.op}`)}</Badge>
        <span className="text-ink2">{kind ? t(`audit.kind.${kind}`) : item.kind}</span>
        <span className="break-all font-semibold">{item.name}</span>
      </p>
      <DiffTable rows={difference(item.before, item.after)} />
    </div>
  )
}
