#!/usr/bin/env node
/** The entry: refuses a Node.js that is too old before anything native is loaded (better-sqlite3 crashes on Node 20). */
const WANTED = [22, 12] as const

const [major = 0, minor = 0] = process.version.slice(1).split('.').map(Number)
if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  process.stderr.write(
    `error (unsupported-node): zonelab needs Node.js ${WANTED.join('.')} or newer, and this is ${process.version}; "npm ci && npm start" in a clone brings its own\n`,
  )
  process.exit(1)
}
const { main } = await import('./program.js')
process.exit(await main(process.argv.slice(2)))

export {}
