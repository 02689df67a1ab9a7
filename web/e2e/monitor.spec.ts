import type { Page } from '@playwright/test'
import { expect, expectAccessible, login, type Running, test } from './fixture'

test.describe.configure({ mode: 'serial' })

/** Makes calls through the proxy, as a client would. */
async function call(page: Page, server: Running, model: string, times = 1): Promise<void> {
  const data = { model, stream: true, messages: [{ role: 'user', content: 'hi' }] }
  await Promise.all(Array.from({ length: times }, () => page.request.post(`${server.proxy}/v1/chat/completions`, { data })))
}

const outcomes = (page: Page) => page.getByRole('img', { name: /^Requests by outcome/ })

test('before the first request it waits, and shows it as it comes', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/')
  await expect(page.getByText('Waiting for the first request…')).toBeVisible()
  await call(page, server, 'demo-chat')
  await expect(outcomes(page)).toHaveAttribute('aria-label', /OK 1/, { timeout: 20_000 })
})

test('every figure leads to the requests behind it', async ({ page, server }) => {
  await login(page, server)
  await call(page, server, 'demo-chat', 5)
  await call(page, server, 'demo-fallback', 3)
  await call(page, server, 'demo-flaky/fault-e400', 1)
  await page.goto('/?range=15m')
  await expect(outcomes(page)).toHaveAttribute('aria-label', /OK 6; Rescued 3/, { timeout: 20_000 })
  await expect(page.getByRole('link', { name: 'Rescued: 3' })).toBeVisible()
  await expect(page.getByTestId('now')).toBeVisible()
  await expect(page.getByText('demo-flaky/fault-e503').first()).toBeVisible()
  await expectAccessible(page, 'the overview with data')

  // Live: what is called now shows without anybody asking for it.
  await call(page, server, 'demo-chat', 2)
  await expect(outcomes(page)).toHaveAttribute('aria-label', /OK 8/, { timeout: 20_000 })

  // The same as a table, and as a file.
  await page.getByRole('button', { name: 'View as table: Requests by outcome' }).click()
  await expect(page.getByRole('group', { name: 'Requests by outcome' }).getByRole('columnheader', { name: 'Rescued' })).toBeVisible()
  await expectAccessible(page, 'a chart as a table')
  await page.getByRole('button', { name: 'View as chart' }).click()
  await page.getByRole('button', { name: 'Export: Requests by outcome' }).click()
  const file = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Download CSV' }).click()
  expect((await file).suggestedFilename()).toMatch(/^Requests-by-outcome-.*\.csv$/)
  await page.getByRole('button', { name: 'Export: Requests by outcome' }).click()
  const picture = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Download PNG' }).click()
  expect((await picture).suggestedFilename()).toMatch(/\.png$/)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Export: Requests by outcome' }).click()
  await page.getByRole('menuitem', { name: 'Copy as PromQL' }).click()
  await expect(page.getByText('PromQL copied')).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('rate(posthouse_requests_total[5m])')

  // Dragging zooms all charts, by the address.
  const box = await outcomes(page).boundingBox()
  if (!box) throw new Error('the chart is not drawn')
  await page.mouse.move(box.x + box.width * 0.5, box.y + 80)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.9, box.y + 90, { steps: 5 })
  await page.mouse.up()
  await expect(page).toHaveURL(/from=.*to=/)
  await page.goBack()
  await expect(page).not.toHaveURL(/from=/)

  await page.getByRole('link', { name: 'Rescued: 3' }).click()
  await expect(page).toHaveURL(/\/logs\?.*q=status%3Arescued/)
  await expect(page.getByRole('row')).toHaveCount(4)

  // What was not kept leads to where it can be.
  await page.getByRole('row').nth(1).getByRole('link').first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Messages', exact: true }).click()
  await page.getByRole('link', { name: 'Keep what is said on the route demo' }).click()
  await expect(page.getByRole('switch', { name: 'Keep prompts and answers' })).toBeVisible()
})

test('the request log: completion, facets, tail, compare, export', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/logs')
  const box = page.getByLabel('Filter requests')
  await box.pressSequentially('stat')
  await page.keyboard.press('Tab')
  await expect(box).toHaveValue('status:')
  await box.pressSequentially('res')
  await expect(page.getByRole('option', { name: /^rescued/ })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(box).toHaveValue('status:rescued ')
  await expect(page.getByRole('row')).toHaveCount(4)
  await box.fill('status:nonsense -x')
  await expect(page.getByText('Not understood: status:nonsense, -x')).toBeVisible()
  await box.fill('')
  const facets = page.getByRole('complementary', { name: 'Narrow down' })
  await facets.getByRole('button', { name: /^OK/ }).click()
  await expect(box).toHaveValue('status:ok')
  await facets.getByRole('button', { name: /^OK/ }).click()

  const rows = page.getByRole('row')
  const before = await rows.count()
  await call(page, server, 'demo-chat')
  await expect(rows).toHaveCount(before + 1)

  await rows.nth(1).getByRole('link').click()
  const detail = page.getByRole('dialog')
  for (const tab of ['Messages', 'Raw JSON', 'curl']) {
    await detail.getByRole('button', { name: tab, exact: true }).click()
    await expect(page).toHaveURL(new RegExp(`tab=${tab.split(' ')[0]?.toLowerCase()}`))
  }
  await expect(detail.locator('pre')).toContainText('/v1/chat/completions')
  await detail.getByRole('button', { name: 'Compare', exact: true }).click()
  await page.keyboard.press(']')
  await detail.getByRole('button', { name: 'Compare with the marked one' }).click()
  await expect(page.getByRole('heading', { name: 'Two requests' })).toBeVisible()
  await expectAccessible(page, 'two requests compared')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').getByRole('button', { name: 'Replay in playground' }).click()
  await expect(page).toHaveURL(/\/playground\?model=demo-chat/)

  await page.goto('/logs?q=status:rescued')
  await page.getByRole('button', { name: 'Export' }).click()
  const file = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: /^CSV/ }).click()
  expect((await file).suggestedFilename()).toMatch(/\.csv$/)
})

test('ninety days are drawn in a second', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/?range=90d')
  await expect(outcomes(page)).toBeVisible()
  const real = (await (await page.request.get('/api/monitor/overview?range=90d')).json()) as {
    chart: { times: number[] }
    now: object
    span: { step_s: number }
  }
  // As many steps as the real answer has, and no fewer than three charts of 720 points need.
  const n = Math.max(720, real.chart.times.length)
  const wave = (i: number) => 100 + 50 * Math.sin(i / 20)
  const chart = Object.fromEntries(
    Object.keys(real.chart).map((name) => [
      name,
      Array.from({ length: n }, (_, i) => (name === 'times' ? 1_780_000_000 + i * 10_800 : wave(i + name.length))),
    ]),
  )
  // Each range has a sum of its own, by which one sees that what is shown is its.
  const ranges = ['30d', '7d', '24h']
  await page.route('**/api/monitor/overview*', (route) => {
    const ok = 3001 + ranges.indexOf(new URL(route.request().url()).searchParams.get('range') ?? '')
    const answer = { ...real, now: { ...real.now, ok }, span: { ...real.span, step_s: 10_800 }, chart }
    return route.fulfill({ contentType: 'application/json', body: JSON.stringify(answer) })
  })
  await page.evaluate(() => performance.setResourceTimingBufferSize(1000))
  // From the answer being there to every chart being drawn, in the browser's own
  // clock. On a machine that others use as well, the best of a few counts.
  const draw = (range: string, sum: string) =>
    page.evaluate(
      async ([wanted, shown]) => {
        const began = performance.now()
        const button = [...document.querySelectorAll('button')].find((b) => b.textContent === wanted)
        button?.click()
        for (;;) {
          await new Promise((resolve) => requestAnimationFrame(resolve))
          const drawn = [...document.querySelectorAll<HTMLCanvasElement>('[role="img"] canvas')]
          const there = document.querySelector(`[role="img"][aria-label*="OK ${shown}"]`)
          if (there && drawn.length >= 4) break
          if (performance.now() - began > 10_000) break
        }
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
        return performance.now() - began
      },
      [range, sum],
    )
  let took = Number.POSITIVE_INFINITY
  for (const [i, range] of ranges.entries()) {
    took = Math.min(took, await draw(range, `3,00${1 + i}`))
    if (took < 1_000) break
  }
  console.log(`90 days, ${n} steps: ${Math.round(took)} ms`)
  expect(took).toBeLessThan(1_000)
})
