import { fileURLToPath } from 'node:url'
import { programFile } from '../base/program-files.js'
import type { ChildProgram } from '../lab/child.js'

/** What child processes run: this program. */
export const OWN_PROGRAM: ChildProgram = {
  script: fileURLToPath(programFile('cli/main')),
  execArgv: process.execArgv,
}
