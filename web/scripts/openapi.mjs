// Writes openapi.json as the program describes itself.
import { writeFileSync } from 'node:fs'
import { build, start } from './server.mjs'

const server = await start(build(), [])
try {
  const answer = await fetch(`${server.console}/api/openapi.json`)
  if (!answer.ok) throw new Error(`GET /api/openapi.json answered ${answer.status}`)
  writeFileSync(new URL('../openapi.json', import.meta.url), await answer.text())
} finally {
  await server.stop()
}
