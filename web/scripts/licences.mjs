// Writes src/licences.json: what is linked into the program and bundled
// into the console, with its licence. Each text is kept once.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const web = fileURLToPath(new URL('..', import.meta.url))
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** The text of the licence in a folder. */
function textIn(folder) {
  const name = readdirSync(folder).find((file) => /^(licen[cs]e|copying)([.-].*)?$/i.test(file))
  if (!name) throw new Error(`${folder} has no licence: name it by hand, or do without it`)
  return readFileSync(join(folder, name), 'utf8').replace(/\r\n/g, '\n').trim()
}

/** What kind of licence a text is. */
function kindOf(text) {
  if (/Apache License/.test(text)) return 'Apache-2.0'
  if (/Mozilla Public License Version 2\.0/i.test(text)) return 'MPL-2.0'
  if (/Permission to use, copy, modify, and\/?(or)? ?distribute/i.test(text)) return 'ISC'
  if (/Permission is hereby granted, free of charge/.test(text)) return 'MIT'
  if (/SIL OPEN FONT LICENSE/i.test(text)) return 'OFL-1.1'
  if (/Redistribution and use in source and binary forms/.test(text)) return /Neither the name/.test(text) ? 'BSD-3-Clause' : 'BSD-2-Clause'
  if (/^#? ?Unlicense|This is free and unencumbered software/.test(text)) return 'Unlicense'
  throw new Error(`this is no licence that is known:\n${text.slice(0, 300)}`)
}

/** The modules that are linked into the program. */
function goModules() {
  const format = '{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}'
  const out = execFileSync('go', ['list', '-deps', '-tags', 'nomsgpack', '-f', format, './cmd/posthouse'], {
    cwd: repository,
    // One platform, so that the list does not depend on who writes it.
    env: { ...process.env, GOOS: 'linux', GOARCH: 'amd64', CGO_ENABLED: '0' },
    maxBuffer: 64 << 20,
  })
  const lines = [...new Set(out.toString().split('\n').filter(Boolean))]
  const modules = lines.map((line) => line.split('\t')).map(([name, version, folder]) => ({ name, version, text: textIn(folder) }))
  const version = execFileSync('go', ['env', 'GOVERSION'], { cwd: repository })
    .toString()
    .trim()
    .replace(/^go(\d+\.\d+).*$/, '$1')
  const root = execFileSync('go', ['env', 'GOROOT'], { cwd: repository }).toString().trim()
  return [{ name: 'Go', version, text: textIn(root) }, ...modules]
}

/** The packages of npm that end up in the bundle, with what they need. */
function npmPackages() {
  const root = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'))
  const found = new Map()
  const visit = (name, optional) => {
    if (found.has(name) || name.startsWith('@types/')) return
    const folder = join(web, 'node_modules', name)
    let described
    try {
      described = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    } catch (error) {
      if (optional) return
      throw error
    }
    found.set(name, { name, version: described.version, folder, kind: described.license })
    for (const next of Object.keys(described.dependencies ?? {})) visit(next, false)
  }
  for (const name of [...Object.keys(root.dependencies), '@fontsource-variable/inter']) visit(name, false)
  return [...found.values()].map(({ name, version, folder, kind }) => {
    try {
      return { name, version, text: textIn(folder) }
    } catch {
      // A few packages say it in their description only.
      return { name, version, text: '', kind }
    }
  })
}

const texts = []
const list = (items) =>
  items
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, version, text, kind }) => {
      if (!text) return { name, version, licence: kind }
      let at = texts.indexOf(text)
      if (at < 0) at = texts.push(text) - 1
      return { name, version, licence: kindOf(text), text: at }
    })

const out = { program: list(goModules()), console: list(npmPackages()), texts }
writeFileSync(join(web, 'src', 'licences.json'), `${JSON.stringify(out, null, 1)}\n`)
