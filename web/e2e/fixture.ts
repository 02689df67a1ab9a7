import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test'
import { build, type Running, start } from '../scripts/server.mjs'

export const admin = { name: 'admin', password: 'correct horse battery' }

interface Worker {
  /** A program with the demo vendor; shared by the tests of a file. */
  server: Running
}

interface Each {
  /** What went wrong in the page: none of it may. */
  faults: string[]
}

export const test = base.extend<Each, Worker>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names from the pattern
    async ({}, use) => {
      const server = await start(build())
      await use(server)
      await server.stop()
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => use(server.console),
  faults: [
    async ({ page }, use) => {
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(String(error)))
      page.on('console', (message) => {
        if (/Content Security Policy|violates/i.test(message.text())) faults.push(message.text())
      })
      page.on('request', (request) => {
        const { hostname, protocol } = new URL(request.url())
        if (/^https?:$/.test(protocol) && hostname !== 'localhost') faults.push(`asked ${request.url()}`)
      })
      await use(faults)
      expect(faults).toEqual([])
    },
    { auto: true },
  ],
})

export { expect, type Running }

// A password is checked slowly, on purpose: once for each program is enough.
const sessions = new Map<string, Awaited<ReturnType<BrowserContext['cookies']>>>()

/** Makes the admin if there is none yet, and logs in. */
export async function login(page: Page, server: Running): Promise<void> {
  const known = sessions.get(server.console)
  if (known) {
    await page.context().addCookies(known)
    if ((await page.request.get('/api/me')).ok()) return
  }
  const headers = { 'Content-Type': 'application/json', Origin: server.console }
  const { needed } = (await (await page.request.get('/api/setup')).json()) as { needed: boolean }
  const answer = needed
    ? await page.request.post('/api/setup', { headers, data: { ...admin, token: server.token } })
    : await page.request.post('/api/login', { headers, data: admin })
  expect(answer.ok(), await answer.text()).toBe(true)
  sessions.set(server.console, await page.context().cookies())
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[]
}

/** Fails with what axe finds. The checker comes in by the debugger, which the content policy does not bind. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // Nothing half faded in is measured.
  await page.waitForFunction(() =>
    document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Number.POSITIVE_INFINITY),
  )
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(node: Document, options: object): Promise<AxeResult> } }
    const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const found = await axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] })
    return found.violations
  })
  const found = violations.map(
    (v) =>
      `${v.id}: ${v.help}\n  ${v.nodes
        .slice(0, 3)
        .map((n) => `${n.html}\n  ${n.failureSummary ?? ''}`)
        .join('\n  ')}`,
  )
  expect.soft(found, where).toEqual([])
}
