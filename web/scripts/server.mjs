// Starts the real program on free ports with an empty data folder: for the
// end-to-end tests and to fetch the API's description.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the program, or takes the one POSTHOUSE_BIN names. */
export function build() {
  if (process.env.POSTHOUSE_BIN) return process.env.POSTHOUSE_BIN
  const folder = fileURLToPath(new URL('../.e2e', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const binary = join(folder, 'posthouse')
  execFileSync('go', ['build', '-tags', 'nomsgpack', '-o', binary, './cmd/posthouse'], { cwd: repository, stdio: 'inherit' })
  return binary
}

/**
 * Starts it; answers its addresses, its setup token and how to stop it. A data
 * folder that is given stays; else there is a new one that goes with it.
 */
export async function start(binary, flags = ['--demo'], given = '') {
  const data = given || mkdtempSync(join(tmpdir(), 'posthouse-console-'))
  const free = ['--http-port', '0', '--https-port', '0', '--console-port', '0']
  const child = spawn(binary, ['serve', '--data-dir', data, ...free, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text
    })
  const stop = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.kill('SIGTERM')) await gone
    if (!given) rmSync(data, { recursive: true, force: true })
  }
  const run = join(data, 'run.json')
  for (const deadline = Date.now() + 30_000; !existsSync(run); ) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`posthouse did not start:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const info = JSON.parse(readFileSync(run, 'utf8'))
  const token = readFileSync(join(data, 'setup-token'), 'utf8').trim()
  return { console: info.console, proxy: info.proxy_http, token, data, stop }
}
