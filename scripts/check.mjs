// Every static check, cheap to dear; runs them all and lists the failures at the end.
import { spawnSync } from 'node:child_process'

const checks = ['lint', 'typecheck', 'layers', 'dead']
const failed = checks.filter((name) => {
  process.stdout.write(`\n== npm run ${name}\n`)
  return spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' }).status !== 0
})
process.stdout.write(failed.length === 0 ? '\ncheck: all good\n' : `\ncheck: failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
