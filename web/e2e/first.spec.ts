import { build, start } from '../scripts/server.mjs'
import { admin, expect, login, test } from './fixture'

interface Listed {
  providers: { name: string; base_url: string }[]
}

test('the first five minutes take at most 4 clicks and 2 values', async ({ page, server, browser }) => {
  // The demo of one program is the vendor of another that nobody has set up.
  await login(page, server)
  const { providers } = (await (await page.request.get('/api/providers')).json()) as Listed
  const vendor = providers.find((p) => p.name === 'demo')?.base_url ?? ''
  const fresh = await start(build(), [])
  const context = await browser.newContext({ baseURL: fresh.console })
  const own = await context.newPage()
  // Only where the vendor's address leads is changed: everything else is as it would be.
  await own.route(/\/api\/providers(\/test)?$/, async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    const body = JSON.parse(route.request().postData() ?? '{}') as object
    await route.continue({ postData: JSON.stringify({ ...body, base_url: vendor, allow_private: true }) })
  })
  let clicks = 0
  let values = 0
  const click = async (name: RegExp | string, role: 'button' | 'radio' = 'button') => {
    clicks++
    await own.getByRole(role, { name }).first().click()
  }
  const enter = async (label: RegExp | string, value: string, paste = false) => {
    values++
    const field = own.getByLabel(label)
    if (!paste) return field.fill(value)
    await field.focus()
    await own.evaluate((text) => {
      const data = new DataTransfer()
      data.setData('text', text)
      document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    }, value)
  }
  try {
    await own.goto(`/setup?t=${fresh.token}`)
    await enter('Password', admin.password)
    await click('Create account')
    await click('DeepSeek', 'radio')
    await enter(/^API key/, 'sk-0123456789abcdef0123456789abcdef', true)
    // It was tested as it was pasted.
    await expect(own.getByText(/^It works/)).toBeVisible()
    await click('Test and continue')
    await expect(own.getByLabel('Model', { exact: true })).toHaveValue(/^deepseek\//)
    await click('Send')
    await expect(own.getByTestId('answer')).not.toBeEmpty()
    await expect(own.getByText('First token')).toBeVisible()
    expect(clicks).toBeLessThanOrEqual(4)
    expect(values).toBeLessThanOrEqual(2)
  } finally {
    await context.close()
    await fresh.stop()
  }
})
