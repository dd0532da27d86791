import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** A process, told apart from a later one that got the same number. */
export interface ProcessId {
  readonly pid: number
  /** When it began, in the kernel's own reckoning; undefined where the system does not tell. */
  readonly birth: string | undefined
}

export const processIdSchema = z.object({ pid: z.int().positive(), birth: z.string().optional() })

/** Of a process that runs now. */
export function processIdOf(pid: number): ProcessId {
  return { pid, birth: birthOf(pid) }
}

/** Runs, stopped by a signal or not. A dead process that its parent has not yet buried does not. */
export function isAlive({ pid, birth }: ProcessId): boolean {
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    // EPERM: it is there and belongs to somebody else, so it is not the one that we started.
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH' && birth === undefined
  }
  return birth === undefined || birth === birthOf(pid)
}

/** False when it was gone already. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false
  try {
    process.kill(id.pid, signal)
    return true
  } catch {
    return false
  }
}

/** Linux: field 22 of /proc/PID/stat, counted after the parenthesised command, which may hold spaces. Zombies have none. */
function birthOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'zombie' : fields[19]
  } catch {
    return undefined
  }
}
