// Adds the lock entries that a registry mirror leaves out. Packages with a
// native part list one optional dependency per platform; a mirror that carries
// only some of them makes npm write a lockfile that "npm ci" then refuses,
// here and on every other platform. An entry with version and platform, but
// without address and checksum, is enough: npm looks up the rest if it ever
// installs it.
//
//   node scripts/complete-lockfile.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const check = process.argv.includes('--check')

const systems = ['darwin', 'win32', 'android', 'freebsd', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'linux']
const processors = ['wasm32', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'x64', 'arm']

/** What a package's name says about the machines it is for. */
function platform(name) {
  const last = name.split('/').pop()
  const cpu = processors.find((p) => last.includes(p))
  const os = cpu === 'wasm32' ? undefined : systems.find((s) => last.includes(s))
  const libc = /musl/.test(last) ? 'musl' : /gnu/.test(last) ? 'glibc' : undefined
  return { ...(cpu && { cpu: [cpu] }), ...(os && { os: [os] }), ...(libc && { libc: [libc] }) }
}

/** Whether the lockfile has name for the package at path, its own or a shared one. */
function isThere(path, name) {
  for (let at = path; ; ) {
    if (lock.packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true
    const cut = at.lastIndexOf('/node_modules/')
    if (at === '') return false
    at = cut < 0 ? '' : at.slice(0, cut)
  }
}

const missing = {}
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!/^\d/.test(range) || isThere(path, name)) continue
    missing[`node_modules/${name}`] = {
      version: range,
      ...(entry.dev && { dev: true }),
      ...(entry.license && { license: entry.license }),
      optional: true,
      ...platform(name),
    }
  }
}

const names = Object.keys(missing)
if (check && names.length > 0) {
  console.error(`package-lock.json lacks ${names.length} optional packages: run node scripts/complete-lockfile.mjs\n${names.join('\n')}`)
  process.exit(1)
}
if (names.length > 0) {
  const all = Object.entries({ ...lock.packages, ...missing })
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}
console.log(names.length === 0 ? 'the lockfile is complete' : `added ${names.length} entries`)
