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
// A lab starts this program once for each of its processes: what V8 made of it the first time is kept for the next.
const { enableCompileCache } = await import('node:module')
enableCompileCache()
const [first, ...rest] = process.argv.slice(2)
const code =
  first === 'lab-process' && process.send !== undefined
    ? await (await import('./lab-process.js')).main(rest)
    : await (await import('./program.js')).main(process.argv.slice(2))
// What a pipe has not taken yet, because its reader is slower, would be lost.
await new Promise((drained) => process.stdout.write('', drained))
process.exit(code)

export {}
