// Holds the build to its budget and to its own origin: what a first visit
// loads, what each page adds, the styles, and that nothing points elsewhere.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const read = (name) => readFileSync(new URL(name, dist))
const kb = (bytes) => bytes / 1024
const gzipped = (name) => gzipSync(read(name), { level: 9 }).length

/** Files with all that they import at once. */
function withImports(wanted) {
  const found = new Set()
  for (const queue = [...wanted]; queue.length > 0; ) {
    const name = queue.pop()
    if (found.has(name)) continue
    found.add(name)
    const code = read(name).toString()
    for (const [, imported] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) queue.push(imported)
  }
  return [...found]
}

const index = read('index.html').toString()
const named = [...index.matchAll(/(?:src|href)="\.\/([^"]+\.js)"/g)].map((m) => m[1])
const initial = withImports([...named, 'page-overview.js'])
const language = Math.max(gzipped('en.js'), gzipped('zh-CN.js') + gzipped('said.zh-CN.js'))
const names = readdirSync(dist)
const lines = []
let failed = false
const check = (what, bytes, limit) => {
  const over = kb(bytes) > limit
  failed ||= over
  lines.push(`${over ? 'OVER' : 'ok  '} ${what.padEnd(28)} ${kb(bytes).toFixed(1).padStart(7)} KB of ${limit}`)
}

check('first visit, JS', initial.reduce((sum, name) => sum + gzipped(name), 0) + language, 230)
for (const name of names.filter((n) => n.startsWith('page-'))) check(name, gzipped(name), 40)
for (const name of names.filter((n) => n.endsWith('.css'))) check(name, gzipped(name), 12)

// Addresses that are only named (namespaces, links in messages of libraries,
// places to put one's own) load nothing.
const harmless = [
  /^https?:\/\/www\.w3\.org\//,
  /^https?:\/\/react\.dev\//,
  /^https?:\/\/base-ui\.com\//,
  /^https?:\/\/([\w.-]+\.)?i18next\.com/,
  /^https?:\/\/([\w.-]+\.)?example\.com/,
  /^https?:\/\/localhost/,
  /^https?:\/\/(host|proxy\.example)\b/,
  /^https?:\/\/tailwindcss\.com/,
  /^https?:\/\/tanstack\.com/,
]
for (const name of names.filter((n) => /\.(js|css|html|svg)$/.test(n))) {
  for (const [url] of read(name)
    .toString()
    .matchAll(/https?:\/\/[\w.-]+[\w/.-]*/g)) {
    if (harmless.some((pattern) => pattern.test(url))) continue
    failed = true
    lines.push(`OUTSIDE ${name}: ${url}`)
  }
}
if (/<(script|style)(?![^>]*src=)[^>]*>[^<]/.test(index) || /\sstyle="/.test(index)) {
  failed = true
  lines.push('INLINE index.html has an inline script or style, which the content policy forbids')
}
console.log(lines.join('\n'))
process.exit(failed ? 1 : 0)
