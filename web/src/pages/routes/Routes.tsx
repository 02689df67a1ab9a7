import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ArrowDown, ArrowUp, Copy, Ellipsis, GripVertical, Pencil, Plus, Trash2, Waypoints } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, type Route, unwrap } from '@/api/client'
import { client, queries, refresh } from '@/api/queries'
import { moved } from '@/lib/list'
import { useDragOrder } from '@/lib/useDragOrder'
import { matchText } from '@/pages/route-editor/draft'
import { Chain } from '@/parts/Chain'
import { DryRun } from '@/parts/DryRun'
import { shadowOf } from '@/parts/shadow'
import { toastDeleted } from '@/parts/undo'
import { Badge } from '@/ui/Badge'
import { IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Confirm } from '@/ui/Confirm'
import { cx } from '@/ui/cx'
import { Empty, ErrorNote, Loading } from '@/ui/Feedback'
import { Menu } from '@/ui/Menu'
import { PageHead } from '@/ui/PageHead'
import { Switch } from '@/ui/Switch'

export default function Routes() {
  const { t } = useTranslation()
  const routes = useQuery(queries.routes)
  const add = (
    <Link
      to="/routes/$id"
      params={{ id: 'new' }}
      className="inline-flex min-h-[2.375rem] items-center gap-1.5 rounded-lg bg-accent px-3.5 font-medium text-onaccent hover:bg-accent2"
    >
      <Plus aria-hidden className="size-4" />
      {t('routes.add')}
    </Link>
  )
  return (
    <>
      <PageHead intro={t('routes.intro')} actions={routes.data?.length ? add : undefined} />
      <Loading query={routes}>
        {(list) => (
          <div className="space-y-6">
            {list.length === 0 ? (
              <Empty icon={Waypoints} title={t('routes.emptyTitle')} action={add}>
                {t('routes.empty')}
              </Empty>
            ) : (
              <List routes={list} />
            )}
            <Card title={t('dryRun.title')} note={t('dryRun.note')}>
              <DryRun />
            </Card>
          </div>
        )}
      </Loading>
    </>
  )
}

function List({ routes }: { routes: Route[] }) {
  const { t } = useTranslation()
  const [deleting, setDeleting] = useState<Route>()
  const order = useMutation({
    mutationFn: (ids: string[]) => unwrap(api.PUT('/api/routes/order', { body: { ids } })),
    onSuccess: ({ routes: list }) => client.setQueryData(queries.routes.queryKey, list),
    onSettled: () => refresh('routes'),
  })
  const move = (from: number, to: number) =>
    order.mutate(
      moved(
        routes.map((r) => r.id),
        from,
        to,
      ),
    )
  const drag = useDragOrder(routes.length, move)
  return (
    <div className="space-y-3">
      {order.isError && <ErrorNote error={order.error} />}
      <ol ref={drag.list as React.RefObject<HTMLOListElement | null>} aria-label={t('routes.title')} className="space-y-2.5">
        {routes.map((route, i) => (
          <Row
            key={route.id}
            route={route}
            shadow={shadowOf(route, routes)}
            place={i + 1}
            handle={drag.handle(i)}
            moving={drag.moving?.from === i ? 'from' : drag.moving?.to === i ? 'to' : undefined}
            onUp={i > 0 ? () => move(i, i - 1) : undefined}
            onDown={i < routes.length - 1 ? () => move(i, i + 1) : undefined}
            onDelete={() => setDeleting(route)}
          />
        ))}
      </ol>
      {deleting && (
        <Confirm
          title={t('routes.deleteTitle', { name: deleting.name })}
          action={t('common.delete')}
          onClose={() => setDeleting(undefined)}
          onConfirm={async () => {
            await unwrap(api.DELETE('/api/routes/{id}', { params: { path: { id: deleting.id } } }))
            toastDeleted(deleting.name, `delete route ${deleting.name}`)
            await refresh('routes')
          }}
        >
          <p>{t('routes.deleteAsk')}</p>
        </Confirm>
      )}
    </div>
  )
}

interface RowProps {
  route: Route
  shadow: Route | undefined
  handle: ReturnType<ReturnType<typeof useDragOrder>['handle']>
  moving: 'from' | 'to' | undefined
  place: number
  onUp: (() => void) | undefined
  onDown: (() => void) | undefined
  onDelete: () => void
}

function Row({ route, shadow, handle, moving, place, onUp, onDown, onDelete }: RowProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const toggle = useMutation({
    mutationFn: (on: boolean) => {
      const params = { path: { id: route.id } }
      return unwrap(on ? api.POST('/api/routes/{id}/enable', { params }) : api.POST('/api/routes/{id}/disable', { params }))
    },
    onSettled: () => refresh('routes'),
  })
  const edit = () => void navigate({ to: '/routes/$id', params: { id: route.id } })
  return (
    <li
      data-item
      className={cx(
        'rounded-2xl border bg-surface p-3 shadow-card',
        moving === 'to' ? 'border-accent' : 'border-line',
        moving === 'from' && 'opacity-50',
      )}
    >
      <div className="flex items-start gap-3">
        <button
          type="button"
          aria-label={t('routes.drag', { name: route.name })}
          title={t('routes.dragHint')}
          className="-ml-1 hidden h-9 cursor-grab touch-none items-center rounded-lg px-1 text-ink3 tabular-nums hover:bg-sunken sm:flex"
          {...handle}
        >
          <GripVertical aria-hidden className="size-4" />
        </button>
        <span className="-ml-3 hidden w-5 pt-1.5 text-ink3 tabular-nums sm:block">{place}</span>
        <div className="min-w-0 flex-1 space-y-2 pt-1">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Link to="/routes/$id" params={{ id: route.id }} className="break-all font-semibold hover:text-accent hover:underline">
              {route.name}
            </Link>
            <Conditions route={route} />
          </div>
          <Chain route={route} />
          {shadow && (
            <p className="text-[0.93rem] text-warn">
              ▲ {t('routes.shadowed')} {shadow.name}. {t('routes.shadowedHint')}
            </p>
          )}
        </div>
        <div className="flex flex-wrap items-center justify-end">
          <span className="mr-1 hidden sm:flex">
            <IconButton label={t('common.up', { name: route.name })} icon={ArrowUp} disabled={!onUp} onClick={onUp} />
            <IconButton label={t('common.down', { name: route.name })} icon={ArrowDown} disabled={!onDown} onClick={onDown} />
          </span>
          <Switch
            label={t('routes.enabledOf', { name: route.name })}
            hideLabel
            checked={route.enabled}
            disabled={toggle.isPending}
            onChange={(on) => toggle.mutate(on)}
          />
          <Menu
            trigger={<IconButton label={t('common.more', { name: route.name })} icon={Ellipsis} className="ml-1" />}
            groups={[
              [
                { label: t('common.edit'), icon: Pencil, onSelect: edit },
                {
                  label: t('common.duplicate'),
                  icon: Copy,
                  onSelect: () => void navigate({ to: '/routes/$id', params: { id: 'new' }, search: { from: route.id } as never }),
                },
                ...(onUp ? [{ label: t('common.moveUp'), icon: ArrowUp, onSelect: onUp }] : []),
                ...(onDown ? [{ label: t('common.moveDown'), icon: ArrowDown, onSelect: onDown }] : []),
              ],
              [{ label: t('common.delete'), icon: Trash2, danger: true, onSelect: onDelete }],
            ]}
          />
        </div>
      </div>
      {toggle.isError && (
        <div className="mt-2">
          <ErrorNote error={toggle.error} />
        </div>
      )}
    </li>
  )
}

/** What a request must look like, in short. */
function Conditions({ route }: { route: Route }) {
  const { t } = useTranslation()
  const { models = [], hosts = [], path_prefix, headers = [], query = [] } = route.match
  const others = [...hosts, ...(path_prefix ? [path_prefix] : []), ...headers.map((h) => h.name), ...query.map((q) => `?${q.name}`)]
  return (
    <span className="flex flex-wrap gap-1.5">
      {!route.enabled && <Badge mark>{t('common.off')}</Badge>}
      {models.length + others.length === 0 && <Badge tone="accent">{t('routes.everything')}</Badge>}
      {models.slice(0, 4).map((m) => (
        <Badge key={matchText(m)} tone="accent">
          <span className="font-mono">{matchText(m)}</span>
        </Badge>
      ))}
      {models.length > 4 && <Badge tone="accent">+{models.length - 4}</Badge>}
      {others.map((text) => (
        <Badge key={text}>
          <span className="font-mono">{text}</span>
        </Badge>
      ))}
    </span>
  )
}
