import { admin, expect, expectAccessible, login, test } from './fixture'

test.describe.configure({ mode: 'serial' })

interface Listed {
  providers: { id: string; name: string; base_url: string }[]
}

test('from nothing to a streamed answer', async ({ page, server }) => {
  await page.goto('/')
  // Nobody is logged in and there is no admin: this leads to setup.
  await expect(page).toHaveURL(/\/setup/)
  await expectAccessible(page, 'setup, step 1')
  await page.getByLabel('Password', { exact: true }).fill('short')
  await expect(page.getByRole('button', { name: 'Create account' })).toBeDisabled()
  await page.getByLabel('Password', { exact: true }).fill(admin.password)
  await page.getByRole('button', { name: 'Create account' }).click()

  await expect(page.getByRole('heading', { name: 'Connect your first provider' })).toBeVisible()
  const { providers } = (await (await page.request.get('/api/providers')).json()) as Listed
  const lab = providers.find((p) => p.name === 'demo')?.base_url ?? ''
  await page.getByRole('radio', { name: 'Any OpenAI-compatible URL' }).click()
  await page.getByLabel('Base URL').fill('http://127.0.0.1:1/v1')
  await page.getByLabel(/^API key/).fill('any-key')
  await page.getByRole('button', { name: 'Test and continue' }).click()
  // A wrong address is named, and nothing is saved.
  await expect(page.getByRole('status').filter({ hasText: '127.0.0.1:1' })).toBeVisible()
  await page.getByLabel('Base URL').fill(lab)
  await page.getByRole('button', { name: 'Test and continue' }).click()

  await expect(page.getByRole('heading', { name: 'Say hello' })).toBeVisible()
  await expect(page.getByLabel('Model')).toHaveValue(/^custom\//)
  await page.getByRole('button', { name: 'Send' }).click()
  await expect(page.getByTestId('answer')).not.toBeEmpty()
  await expect(page.getByText('First token')).toBeVisible()
  await expect(page.locator('pre')).toContainText(`${server.proxy.replace(/^http:\/\/[^:]+/, 'http://localhost')}/v1/chat/completions`)
  await page.getByRole('button', { name: 'To the console' }).click()
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
})

test('a route with a fallback serves in the playground', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/routes')
  await page.getByRole('link', { name: 'Add route' }).click()
  await page.getByLabel('When a client asks for').fill('chat-model')
  await page.getByLabel('When a client asks for').press('Enter')
  // Without a name it is refused, and the field says so.
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await page.getByLabel('Name', { exact: true }).fill('chat')
  const primary = page.getByRole('group', { name: 'Primary' })
  await primary.getByRole('combobox', { name: 'Provider' }).click()
  await page.getByRole('option', { name: 'demo-flaky' }).click()
  await primary.getByLabel('Model', { exact: true }).fill('fault-e503')
  await page.getByRole('button', { name: 'Add fallback step' }).click()
  const fallback = page.getByRole('group', { name: 'Fallback 1' })
  await fallback.getByRole('combobox', { name: 'Provider' }).click()
  await page.getByRole('option', { name: 'demo', exact: true }).click()
  await fallback.getByLabel('Model', { exact: true }).fill('demo-chat')
  // Two targets share by weight, and always add up.
  await fallback.getByRole('button', { name: 'Add target' }).click()
  await fallback.getByRole('slider').first().fill('80')
  await expect(fallback.getByText('20%')).toBeVisible()
  await fallback
    .getByRole('button', { name: /^Remove custom/ })
    .last()
    .click()
  await page.keyboard.press('Control+s')
  await expect(page).toHaveURL(/\/routes\/[0-9a-z]{10,}$/)
  await expect(page.getByRole('heading', { name: 'chat', exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'Explain' }).click()
  await expect(page.getByText('demo/demo-chat')).toBeVisible()
  await expectAccessible(page, 'the editor with a dry run')

  await page.goto('/playground?model=chat-model')
  await page.getByLabel('Message', { exact: true }).fill('Hello there')
  await page.keyboard.press('Enter')
  const answer = page.getByTestId('answer')
  await expect(answer).not.toBeEmpty()
  await expect(page.getByText('demo/demo-chat')).toBeVisible()
  await expect(page.getByText('Attempts')).toBeVisible()
  await page.getByRole('button', { name: 'As curl' }).click()
  await expect(page.getByRole('dialog').locator('pre')).toContainText('"model": "chat-model"')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  await expectAccessible(page, 'the playground with an answer')

  await page.goto('/audit')
  await page.getByText('create route chat').click()
  await expect(page.getByText('+ chat', { exact: true }).first()).toBeVisible()
})

test('a long answer can be stopped', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/playground?model=demo/demo-slow')
  await page.getByLabel('Message', { exact: true }).fill('Tell me everything')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible()
  await page.getByLabel('Model').fill('no-such-model-anywhere')
  await page.getByLabel('Message', { exact: true }).fill('Hello')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('no-such-model-anywhere')
})

test('a consumer gets a key that lets it in', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/keys')
  await page.getByRole('button', { name: 'Add consumer' }).first().click()
  await page.getByLabel('Name').fill('team-a')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('button', { name: 'Make key' }).click()
  await page.getByRole('button', { name: 'Create' }).click()
  const key = (await page.locator('pre').first().textContent()) ?? ''
  expect(key).toMatch(/^ph-/)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await expect(page.getByText(key)).toBeHidden()
  const headers = { Authorization: `Bearer ${key}` }
  const ask = () =>
    page.request.post(`${server.proxy}/v1/chat/completions`, {
      headers,
      data: { model: 'demo-chat', messages: [{ role: 'user', content: 'hi' }] },
    })
  expect((await ask()).status()).toBe(200)
  await page.getByRole('switch', { name: 'Accept key key-1' }).click()
  await expect.poll(async () => (await ask()).status()).toBe(401)
  await page.getByRole('button', { name: 'Delete team-a' }).click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(page.getByText('No consumers yet')).toBeVisible()
})

test('providers: keys, test, models, and what still uses one', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/providers')
  await page.getByRole('button', { name: 'demo', exact: true }).click()
  const sheet = page.getByRole('dialog')
  await sheet.getByRole('button', { name: 'Add key' }).click()
  await page.getByLabel('API key').fill('another-key')
  await page.getByRole('button', { name: 'Save' }).last().click()
  await expect(sheet.getByText('key-2')).toBeVisible()
  await sheet.getByRole('button', { name: 'Test', exact: true }).click()
  await expect(sheet.getByText(/It works/).first()).toBeVisible()
  await sheet.getByRole('button', { name: 'Fetch' }).click()
  await expect(page.getByText(/models? listed$/)).toBeVisible()
  await sheet.getByLabel('Base URL').fill('not a url')
  await sheet.getByRole('button', { name: 'Save' }).click()
  await expect(sheet.getByLabel('Base URL')).toHaveAttribute('aria-invalid', 'true')
  await sheet.getByRole('button', { name: 'Discard' }).click()
  await sheet.getByRole('button', { name: 'Delete', exact: true }).click()
  const ask = page.getByRole('dialog').last()
  await expect(ask.getByRole('link', { name: 'chat' })).toBeVisible()
  await ask.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(ask.getByRole('alert')).toContainText('still used by')
})

test('two who change the same settings both see what the other did', async ({ page, server, context }) => {
  await login(page, server)
  await page.goto('/settings')
  const other = await context.newPage()
  await other.goto('/settings')
  await other.getByLabel('Most calls at once').fill('500')
  await other.getByRole('button', { name: 'Save' }).click()
  await expect(other.getByText('Saved', { exact: true })).toBeVisible()
  await page.getByLabel('Most calls at once').fill('700')
  await page.getByRole('button', { name: 'Save' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('500')
  await expect(dialog).toContainText('700')
  await expectAccessible(page, 'a conflict')
  await dialog.getByRole('button', { name: 'Save mine' }).click()
  await expect(page.getByText('Saved', { exact: true })).toBeVisible()
  await expect(page.getByLabel('Most calls at once')).toHaveValue('700')
  // Open access wants to be understood first.
  await page.getByRole('radio', { name: 'Open' }).click()
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled()
  await page.getByRole('switch', { name: /I understand/ }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.goto('/')
  await expect(page.getByText(/Everyone who reaches the proxy/)).toBeVisible()
})

test('the configuration as a document', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/settings?tab=config')
  await page.getByRole('button', { name: 'Start from what is there' }).click()
  const document = page.getByLabel('YAML document')
  await expect(document).toHaveValue(/providers:/)
  await page.getByRole('button', { name: 'Preview changes' }).click()
  await expect(page.getByText(/Nothing would change/)).toBeVisible()
  await document.fill((await document.inputValue()).replace('in_flight: 700', 'in_flight: 800'))
  await page.getByRole('button', { name: 'Preview changes' }).click()
  await page.getByRole('button', { name: 'Apply 1 change' }).click()
  await expect(page.getByText('1 change applied')).toBeVisible()
  await document.fill('routes: [')
  await page.getByRole('button', { name: 'Preview changes' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
})

test('what is unsaved is not lost by accident', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/settings')
  await page.getByLabel('Most calls at once').fill('1234')
  const questions: string[] = []
  page.once('dialog', (dialog) => {
    questions.push(dialog.message())
    void dialog.dismiss()
  })
  await page.getByRole('link', { name: 'Audit log' }).click()
  await expect(page.getByLabel('Most calls at once')).toHaveValue('1234')
  expect(questions).toHaveLength(1)
  page.once('dialog', (dialog) => void dialog.accept())
  await page.getByRole('link', { name: 'Audit log' }).click()
  await expect(page).toHaveURL(/\/audit$/)
})

test('a lost server is told, and what is shown stays', async ({ page, server, context }) => {
  await login(page, server)
  await page.goto('/routes')
  await expect(page.getByRole('link', { name: 'chat', exact: true })).toBeVisible()
  await context.setOffline(true)
  await expect(page.getByRole('alert')).toContainText('Lost the connection', { timeout: 20_000 })
  await expect(page.getByRole('link', { name: 'chat', exact: true })).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByRole('alert')).toBeHidden({ timeout: 20_000 })
})

test('a new build under an open tab loads once more, by itself', async ({ page, server }) => {
  await login(page, server)
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
  let loads = 0
  page.on('load', () => loads++)
  // As if the program had been replaced: the part this page would load is gone.
  await page.route('**/page-audit.js', (route) => (loads === 0 ? route.fulfill({ status: 404, body: 'gone' }) : route.continue()))
  await page.getByRole('link', { name: 'Audit log' }).click()
  await expect(page.getByText('create route chat')).toBeVisible()
  expect(loads).toBe(1)
})

test('login: the way back, languages, the palette, the lock-out', async ({ page, server }) => {
  await page.goto('/audit?find=route')
  await expect(page).toHaveURL(/\/login\?next=/)
  await expectAccessible(page, 'login')
  await page.getByLabel('Name').fill(admin.name)
  await page.getByLabel('Password', { exact: true }).fill(admin.password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page).toHaveURL(/\/audit\?find=route/)

  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('chat')
  await expectAccessible(page, 'the palette')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/routes\/[0-9a-z]+$/)
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await expect(page).toHaveURL(/\/providers$/)

  await page.getByRole('button', { name: 'Language' }).click()
  await page.getByRole('menuitem', { name: '简体中文' }).click()
  await expect(page.getByRole('heading', { name: '服务提供者' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: '服务提供者' })).toBeVisible()
  await page.getByRole('button', { name: '主题' }).click()
  await page.getByRole('menuitem', { name: '深色' }).click()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')

  await page.getByRole('button', { name: /的账号/ }).click()
  await page.getByRole('menuitem', { name: '退出登录' }).click()
  await expect(page).toHaveURL(/\/login/)
  await page.getByLabel('用户名').fill('nobody')
  await page.getByLabel('密码', { exact: true }).fill('wrong-password')
  for (let i = 0; i < 8 && !(await page.getByText(/请等待/).isVisible()); i++) {
    const answered = page.waitForResponse('**/api/login')
    await page.getByRole('button', { name: '登录' }).click()
    await answered
  }
  await expect(page.getByText(/请等待/)).toBeVisible()
  await expect(page.getByRole('button', { name: '登录' })).toBeDisabled()
  expect(server.console).toContain('localhost')
})
