import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const STRACE = 'strace'
export const WRITER = join(import.meta.dirname, 'writer', 'main.ts')

/** Present, and allowed to trace. */
export function straceWorks(): boolean {
  return spawnSync(STRACE, ['-o', '/dev/null', 'true']).status === 0
}

/** Runs the writer under strace and returns what it said, line by line. */
export async function traceWriter(straceArguments: readonly string[], writerArguments: readonly string[]) {
  const writer = [process.execPath, '--import', 'tsx', WRITER]
  const { stdout } = await promisify(execFile)(STRACE, [...straceArguments, ...writer, ...writerArguments])
  return stdout.split('\n').filter((line) => line !== '')
}
