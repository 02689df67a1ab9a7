import { build } from '../scripts/server.mjs'

/** Builds the program once for all files. */
export default function setup(): void {
  process.env.POSTHOUSE_BIN = build()
}
