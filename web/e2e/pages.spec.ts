import type { Page } from '@playwright/test'
import { expect, expectAccessible, login, test } from './fixture'

const paths = [
  '/',
  '/logs',
  '/logs?q=status:nonsense',
  '/playground',
  '/providers',
  '/routes',
  '/keys',
  '/settings',
  '/settings?tab=records',
  '/settings?tab=addresses',
  '/settings?tab=people',
  '/settings?tab=tokens',
  '/settings?tab=alerts',
  '/settings?tab=telemetry',
  '/settings?tab=config',
  '/settings?tab=about',
  // One vendor's: many rows more are looked at no differently.
  '/prices?find=qwen',
  '/playground?model=demo/demo-chat,demo/demo-slow',
  '/audit',
]
const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
]

// On two workers, each with a program of its own.
test.describe.configure({ mode: 'parallel' })

/** Pictures are for whoever wants to look: POSTHOUSE_SHOTS=1. */
async function shoot(page: Page, name: string): Promise<void> {
  if (process.env.POSTHOUSE_SHOTS) await page.screenshot({ path: `test-results/shots/${name}.png`, fullPage: true })
}

/**
 * Goes to another page as the console itself does, which is quicker than to
 * load it anew. Where nothing would tell that it has come (another page of the
 * same title), it is loaded.
 */
async function visit(page: Page, path: string): Promise<void> {
  const from = new URL(page.url())
  const to = new URL(path, from)
  const first = (url: URL) => url.pathname.split('/')[1]
  if (from.pathname !== to.pathname && first(from) === first(to)) {
    await page.goto(path)
    return
  }
  const title = await page.title()
  await page.evaluate((next) => history.pushState({}, '', next), path)
  if (from.pathname !== to.pathname) await expect(page).not.toHaveTitle(title)
}

for (const theme of ['light', 'dark'] as const) {
  for (const size of sizes) {
    // Each language is seen in each theme and at each width once.
    const language = (theme === 'light') === (size.width === 1440) ? 'en' : 'zh-CN'
    test(`every page is accessible: ${theme}, ${size.width} px, ${language}`, async ({ page, server }) => {
      await page.setViewportSize(size)
      await page.addInitScript(
        ([chosen, words]) => {
          localStorage.setItem('posthouse.theme', chosen ?? '')
          localStorage.setItem('posthouse.language', words ?? '')
        },
        [theme, language],
      )
      await login(page, server)
      const routes = (await (await page.request.get('/api/routes')).json()) as { routes: { id: string }[] }
      const providers = (await (await page.request.get('/api/providers')).json()) as { providers: { id: string }[] }
      // Before there is any: the first of these tests sees the page wait.
      await page.goto('/logs')
      // Before the page is there at all, nothing waits either.
      await expect(page.locator('h1').first()).toBeVisible()
      await expect(page.getByRole('status', { name: /^(Loading|加载中)$/ })).toHaveCount(0)
      await shoot(page, `logs-first-${theme}-${size.width}`)
      await expectAccessible(page, `/logs at first ${theme} ${size.width}`)
      await page.request.post('/api/playground/chat/completions', {
        headers: { Origin: server.console },
        data: { model: 'demo-flaky/fault-e503', messages: [{ role: 'user', content: 'hi' }] },
      })
      await page.request.post('/api/playground/chat/completions', {
        headers: { Origin: server.console },
        data: { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'hi' }] },
      })
      // The log is written by and by.
      let called: { requests: { id: string }[] } = { requests: [] }
      await expect(async () => {
        called = (await (await page.request.get('/api/requests')).json()) as typeof called
        expect(called.requests.length).toBeGreaterThan(1)
      }).toPass()
      const all = [
        `/logs?id=${called.requests[1]?.id}`,
        '/logs?id=nothing',
        ...paths,
        `/routes/${routes.routes[0]?.id}`,
        `/routes/${routes.routes[0]?.id}?view=yaml`,
        '/routes/new',
        `/providers?id=${providers.providers[0]?.id}`,
        '/providers?new=1',
        '/setup?step=2',
        '/setup?step=3',
      ]
      for (const path of all) {
        await visit(page, path)
        await expect(page.locator('h1').first()).toBeVisible()
        // What is on its way has come.
        await expect(page.getByRole('status', { name: /^(Loading|加载中)$/ })).toHaveCount(0)
        const name =
          path
            .replace(/[0-9a-z]{20,}/g, 'one')
            .replace(/[^a-z0-9]+/gi, '-')
            .replace(/^-/, '') || 'overview'
        await shoot(page, `${name}-${theme}-${size.width}`)
        await expectAccessible(page, `${path} ${theme} ${size.width}`)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
        expect.soft(wide, `${path} scrolls sideways`).toBe(false)
      }
    })
  }
}
