import { statSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { AppError } from '../base/errors.js'

/** The target's log, where it can be read: what it said since a moment. */
export interface TargetLog {
  /** Now, as a place in the log. */
  mark(): Promise<number>
  since(mark: number): Promise<string>
}

/** A file that the target appends to. Throws `invalid-argument` when there is none. */
export function logFile(path: string): TargetLog {
  try {
    statSync(path)
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read the log ${path}`, { cause })
  }
  return { mark: async () => (await stat(path)).size, since: (mark) => textSince(path, mark) }
}

/** Only what is new, for a log may be long; of one that was begun anew all. */
async function textSince(path: string, mark: number): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const from = size < mark ? 0 : mark
    const bytes = Buffer.alloc(size - from)
    await file.read(bytes, 0, bytes.length, from)
    return bytes.toString('latin1')
  } finally {
    await file.close()
  }
}
