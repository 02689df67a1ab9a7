import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { build, start } from '../scripts/server.mjs'
import { expect, login, test } from './fixture'

// The README's pictures, of the real program with a day of made-up calls. Two
// runs never draw the same pixels, so this is done when it is asked for:
// make screenshots.
const repository = fileURLToPath(new URL('../..', import.meta.url))
const folder = `${repository}docs/screenshots`

/** The most a picture may weigh, in bytes. */
const heaviest = 80_000

async function take(page: Page, name: string): Promise<void> {
  const browser = await page.context().newCDPSession(page)
  for (let quality = 88; ; quality -= 8) {
    const { data } = await browser.send('Page.captureScreenshot', { format: 'webp', quality })
    const bytes = Buffer.from(data, 'base64')
    if (bytes.length > heaviest && quality > 40) continue
    expect(bytes.length, name).toBeLessThanOrEqual(heaviest)
    writeFileSync(`${folder}/${name}.webp`, bytes)
    return
  }
}

// Outlined like what they are, but none of their keys works, and nobody calls them.
const providers = { openai: 'openai', deepseek: 'deepseek', qwen: 'dashscope', anthropic: 'anthropic', glm: 'zhipu' }
const target = (provider: string, model: string, weight = 1) => ({ provider, model, weight })
const chain = {
  name: 'chat',
  match: { models: [{ kind: 'exact', value: 'chat' }] },
  targets: [target('openai', 'gpt-5', 70), target('anthropic', 'claude-sonnet-4-5', 30)],
  fallback: [{ targets: [target('deepseek', 'deepseek-chat')] }, { targets: [target('qwen', 'qwen3-max')], on: ['429', '5xx'] }],
}

test('the pictures of the README', async ({ browser }) => {
  mkdirSync(folder, { recursive: true })
  const data = mkdtempSync(join(tmpdir(), 'posthouse-pictures-'))
  // Once to make the folder, and again with a past.
  await (await start(build(), [], data)).stop()
  const write = ['test', '-tags', 'nomsgpack', './server/usage', '-run', '^TestHistory$', '-count', '1', '-args', '-history', data]
  execFileSync('go', write, { cwd: repository, stdio: 'inherit' })
  const server = await start(build(), [], data)
  const context = await browser.newContext({ baseURL: server.console, viewport: { width: 1280, height: 880 } })
  const page = await context.newPage()
  try {
    await login(page, server)
    const headers = { Origin: server.console }
    for (const [name, vendor] of Object.entries(providers)) {
      const made = await page.request.post('/api/providers', {
        headers,
        data: { name, vendor, keys: ['main', 'second'].map((key) => ({ name: key, value: `sk-${name}-${key}-0123456789abcdef` })) },
      })
      expect(made.ok(), await made.text()).toBe(true)
    }
    const route = await page.request.post('/api/routes', { headers, data: chain })
    expect(route.ok(), await route.text()).toBe(true)
    const { id } = (await route.json()) as { id: string }

    await page.goto('/?range=6h')
    await expect(page.getByRole('img', { name: /^Requests by outcome/ })).toHaveAttribute('aria-label', /Rescued \d+/)
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0)
    await take(page, 'overview')

    const found = await page.request.get('/api/requests?range=6h&provider=qwen&outcome=rescued&limit=50')
    const { requests } = (await found.json()) as { requests: { id: string; attempts: unknown[] }[] }
    const longest = requests.find((r) => r.attempts.length === 3)
    await page.goto(`/logs?range=6h&id=${longest?.id}`)
    await expect(page.getByRole('region', { name: 'Attempts over time' }).getByRole('listitem')).not.toHaveCount(0)
    await take(page, 'request')

    await page.goto(`/routes/${id}`)
    await page.getByRole('button', { name: 'Explain' }).click()
    await expect(page.getByText('qwen/qwen3-max')).toBeVisible()
    await take(page, 'route')
  } finally {
    await context.close()
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
})
