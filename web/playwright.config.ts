import { defineConfig } from '@playwright/test'

// The pictures of the README are no test: they are made when they are asked for.
const pictures = process.env.POSTHOUSE_PICTURES ? ['pictures'] : []

// Debian's chromium; nothing is downloaded. Each file starts a program of its
// own (e2e/fixture.ts), so files may run side by side.
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  globalSetup: './e2e/build.ts',
  workers: 2,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  // Files of different projects never share a worker, and so no program: the
  // flow begins with one that nobody has set up.
  projects: [...['flow', 'pages', 'monitor', 'admin', 'first', ...pictures].map((name) => ({ name, testMatch: `${name}.spec.ts` }))],
  use: {
    browserName: 'chromium',
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
  },
})
