// Makes the program that ships: each entry a file, what several need in chunks that they share, with the libraries that
// they use (docs/decisions/0010-bundle.md). Files that stay as they are are not touched, so that a lab that runs from them goes on.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { licensesOf } from './licenses.js'

const ROOT = resolve(import.meta.dirname, '..')
const OUT = join(ROOT, 'dist')
/** What a process or a thread starts with, and what other programs import. */
const ENTRIES = ['cli/main', 'store/sql/sqlite-worker', 'load/load-worker', 'lab/testing']
/** Native, or with files of their own beside them. */
const NOT_BUNDLED = ['better-sqlite3', 'pg']

const { outputFiles, metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: ENTRIES.map((entry) => `src/${entry}.ts`),
  outbase: 'src',
  outdir: OUT,
  // One folder below the root, where `src/base/program-files.ts` looks for the others from.
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.12',
  external: NOT_BUNDLED,
  write: false,
  metafile: true,
  logLevel: 'warning',
})
const made = new Set(outputFiles.map(({ path, text }) => write(path, withRequire(text))))
made.add(write(join(OUT, 'THIRD-PARTY-LICENSES.txt'), licensesOf(Object.keys(metafile.inputs), ROOT)))
for (const path of readdirSync(OUT, { recursive: true }).map((name) => join(OUT, name))) {
  if (path.endsWith('.js') && !made.has(path)) rmSync(path)
}

/** Libraries in CommonJS ask for Node's own modules by `require`, which one chunk finds for all. */
function withRequire(text) {
  if (!text.includes('var __require = ')) return text
  return `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n${text}`
}

/** A process that reads it meanwhile gets the old file or the new one, whole. */
function write(path, contents) {
  if (existsSync(path) && readFileSync(path, 'utf8') === contents) return path
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, contents)
  renameSync(`${path}.new`, path)
  return path
}
