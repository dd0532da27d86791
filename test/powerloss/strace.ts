import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Present, and allowed to trace. */
export function straceWorks(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
}

/** Runs `writer.ts` under strace and returns what it said, line by line. */
export async function traceWriter(straceArguments: readonly string[], writerArguments: readonly string[]) {
  const writer = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'writer.ts')]
  const { stdout } = await promisify(execFile)('strace', [...straceArguments, ...writer, ...writerArguments])
  return stdout.split('\n').filter((line) => line !== '')
}
