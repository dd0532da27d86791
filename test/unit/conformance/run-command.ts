import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { Input } from '../../../src/cli/command.js'
import { conformanceRun } from '../../../src/cli/commands/conformance.js'
import { reportError } from '../../../src/cli/error-report.js'
import { exitCodeOf } from '../../../src/cli/exit-codes.js'
import { FakeIo } from '../cli/fake-io.js'

export type Flags = Readonly<Record<string, string | readonly string[] | boolean>>

export interface Ran {
  readonly code: number
  /** What went to standard error: the plan, and what kept it from being run. */
  readonly err: string
  readonly out: string
}

/** `zonelab conformance run` with these flags, in this process: one case, unless others are named. */
export async function conformanceRunWith(flags: Flags): Promise<Ran> {
  const io = new FakeIo()
  const signal = new AbortController().signal
  const context = { io, clock: systemClock, random: systemRandom, env: {}, program: 'zonelab', signal }
  let code: number
  try {
    code = (await conformanceRun.run(context, new Input([], { case: ['ZT-030'], ...flags }))) ?? 0
  } catch (thrown) {
    code = exitCodeOf(reportError(io, thrown, {}).code)
  }
  return { code, err: io.errLines.join('\n'), out: io.outLines.join('\n') }
}

/** A file for this test alone, as only its owner may read it. */
export function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-conformance-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
