import { fileURLToPath } from 'node:url'
import type { ChildProgram } from '../lab/child.js'

/** What child processes run: this program. */
export const OWN_PROGRAM: ChildProgram = {
  script: fileURLToPath(new URL('./main.js', import.meta.url)),
  execArgv: process.execArgv,
}
