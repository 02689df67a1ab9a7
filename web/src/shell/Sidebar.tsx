import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { queries } from '@/api/queries'
import { lazily } from '@/lib/lazily'
import type { Params } from '@/lib/params'
import { kept } from '@/lib/range'
import { groups, pagesIn } from '@/page'
import { CopyButton } from '@/ui/Copy'
import { endpoint } from './endpoint'
import { Logo } from './Logo'

const Drawer = lazily(async () => ({ default: (await import('./Drawer')).Drawer }))

/** The menu: beside the page, or in a drawer where there is no room. */
export function Sidebar({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <>
      <aside className="fixed inset-y-0 left-0 z-20 hidden w-56 border-line border-r bg-surface lg:block">
        <Menu />
      </aside>
      {open && (
        <Suspense>
          <Drawer onClose={onClose}>
            <Menu />
          </Drawer>
        </Suspense>
      )}
    </>
  )
}

function Menu() {
  const { t } = useTranslation()
  return (
    <div className="flex h-full flex-col overflow-y-auto">
      <Link to="/" className="m-2 flex items-center gap-2.5 rounded-lg p-2 font-semibold text-[1.15rem] tracking-tight">
        <Logo className="size-8" />
        Posthouse
      </Link>
      <nav aria-label={t('shell.menu')} className="flex-1 space-y-4 px-3 py-1">
        {groups.map((group) => (
          <div key={group}>
            <p className="px-2 pb-1 font-medium text-[0.86rem] text-ink3">{t(`shell.group.${group}`)}</p>
            <ul className="space-y-0.5">
              {pagesIn(group).map(({ path, title, icon: Icon }) => (
                <li key={path}>
                  <Link
                    to={path}
                    search={((old: Params) => kept(old)) as never}
                    activeOptions={{ exact: path === '/', includeSearch: false }}
                    className="flex min-h-9 items-center gap-2.5 rounded-lg px-2 text-ink2 hover:bg-sunken hover:text-ink aria-[current=page]:bg-tint aria-[current=page]:font-medium aria-[current=page]:text-accent"
                  >
                    <Icon aria-hidden className="size-[1.15rem]" />
                    {t(title)}
                    {path === '/providers' && <ProviderDot />}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <Endpoint />
    </div>
  )
}

/** A mark at Providers while one of their keys is out. */
function ProviderDot() {
  const { t } = useTranslation()
  const { data } = useQuery(queries.providers)
  const out = data?.some((p) => p.enabled && p.keys.some((k) => k.state === 'benched' || k.state === 'broken'))
  if (!out) return null
  return <span role="img" aria-label={t('shell.keyOut')} title={t('shell.keyOut')} className="ml-auto size-2 rounded-full bg-badfill" />
}

function Endpoint() {
  const { t } = useTranslation()
  const { data } = useQuery(queries.status)
  const url = endpoint(data)
  if (!url) return null
  return (
    <div className="border-line border-t p-3 pl-5">
      <p className="text-[0.86rem] text-ink3">{t('shell.endpoint')}</p>
      <div className="flex items-center justify-between gap-1">
        <span className="truncate font-mono text-[0.86rem]" title={url}>
          {url.replace(/^https?:\/\//, '')}
        </span>
        <CopyButton text={url} label={t('shell.copyEndpoint')} compact />
      </div>
    </div>
  )
}
