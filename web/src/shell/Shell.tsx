import { useQuery } from '@tanstack/react-query'
import { Outlet, useLocation } from '@tanstack/react-router'
import { Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/problem'
import { queries } from '@/api/queries'
import { lazily } from '@/lib/lazily'
import { ErrorNote, Skeleton } from '@/ui/Feedback'
import { Sidebar } from './Sidebar'
import { Topbar } from './Topbar'
import { useJumps } from './useJumps'

const Palette = lazily(async () => ({ default: (await import('./Palette')).Palette }))
const Help = lazily(async () => ({ default: (await import('./Help')).Help }))

/** What stands around every page once somebody is logged in. */
export function Shell() {
  const { t } = useTranslation()
  const me = useQuery(queries.me)
  const status = useQuery({ ...queries.status, enabled: me.data !== undefined })
  const lost = status.error instanceof ApiError && status.error.status === 0
  const [menu, setMenu] = useState(false)
  const [open, setOpen] = useState<'palette' | 'help' | undefined>()
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: going anywhere closes the menu
  useEffect(() => setMenu(false), [pathname])
  useJumps({ palette: () => setOpen('palette'), help: () => setOpen('help') })

  if (!me.data) {
    const refused = me.error instanceof ApiError && me.error.status === 401
    return (
      <main className="mx-auto max-w-xl p-6 pt-24">
        {me.error && !refused ? <ErrorNote error={me.error} retry={() => void me.refetch()} /> : <Skeleton className="h-40 w-full" />}
      </main>
    )
  }
  return (
    <div className="min-h-dvh lg:pl-56">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-surface focus:p-3"
      >
        {t('shell.skip')}
      </a>
      <Sidebar open={menu} onClose={() => setMenu(false)} />
      <Topbar name={me.data.name} onMenu={() => setMenu(true)} onSearch={() => setOpen('palette')} />
      <main id="main" tabIndex={-1} className="mx-auto max-w-[90rem] p-4 outline-none sm:p-6">
        {lost && (
          <div className="mb-4">
            <ErrorNote error={status.error} retry={() => void status.refetch()} />
          </div>
        )}
        <Outlet />
      </main>
      <Suspense>
        {open === 'palette' && <Palette onClose={() => setOpen(undefined)} />}
        {open === 'help' && <Help onClose={() => setOpen(undefined)} />}
      </Suspense>
    </div>
  )
}
