import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { client, onSignedOut } from './api/queries'
import { readParams } from './lib/params'
import { pages } from './page'
import { Lost, NotFound } from './shell/Lost'
import { Shell } from './shell/Shell'

const root = createRootRoute({ validateSearch: readParams, notFoundComponent: NotFound })
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })

// A part that a new build has taken away makes lazyRouteComponent load the
// page again, once, at the place one was going to.
const bare = pages
  .filter((page) => page.bare)
  .map((page) => createRoute({ getParentRoute: () => root, path: page.path, component: lazyRouteComponent(page.load) }))
const inside = pages
  .filter((page) => !page.bare)
  .map((page) => createRoute({ getParentRoute: () => shell, path: page.path, component: lazyRouteComponent(page.load) }))

export const router = createRouter({
  routeTree: root.addChildren([...bare, shell.addChildren(inside)]),
  defaultPreload: 'intent',
  defaultErrorComponent: Lost,
  scrollRestoration: true,
  // Plain texts, so that addresses stay readable and ids are never taken for numbers.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
    return text ? `?${text}` : ''
  },
})

// The session ended: log in, and come back to the same place.
onSignedOut(() => {
  const { pathname, href } = router.state.location
  if (pathname === '/login' || pathname === '/setup') return
  client.clear()
  void router.navigate({ to: '/login', search: { next: href === '/' ? undefined : href } as never, replace: true })
})
