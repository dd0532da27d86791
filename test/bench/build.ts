import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const OUT = `${ROOT}node_modules/.cache/bench`

/**
 * Makes the program that ships, and compiles sources and benches without checking types: run from source by tsx, each
 * closure would cost a call more. Returns the folder of the compiled benches.
 */
export function compileBenches(): string {
  mkdirSync(OUT, { recursive: true })
  // Below node_modules no package.json of ours says that files are modules.
  writeFileSync(`${OUT}/package.json`, '{ "type": "module" }\n')
  execFileSync(process.execPath, [`${ROOT}scripts/bundle.mjs`], { stdio: ['ignore', 'inherit', 'inherit'] })
  execFileSync(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, '-p', `${ROOT}test/bench/tsconfig.json`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return `${OUT}/test/bench`
}
