import { readFile, stat } from 'node:fs/promises'

/** The target's log, where it can be read: what it said since a moment. */
export interface TargetLog {
  /** Now, as a place in the log. */
  mark(): Promise<number>
  since(mark: number): Promise<string>
}

/** A file that the target appends to. */
export function logFile(path: string): TargetLog {
  return {
    mark: async () => (await stat(path)).size,
    since: async (mark) => (await readFile(path)).subarray(mark).toString('latin1'),
  }
}
