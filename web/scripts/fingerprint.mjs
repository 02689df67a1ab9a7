// Prints the name and SHA-256 of every file in a folder.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((e) => e.isFile())
  .map((e) => join(e.parentPath, e.name))
  .sort()) {
  console.log(createHash('sha256').update(readFileSync(name)).digest('hex'), name)
}
