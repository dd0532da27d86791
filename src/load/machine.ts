import { cpus, totalmem } from 'node:os'
import type { StartLine } from './run-lines.js'

/** What the figures were seen on. */
export function machine(): StartLine['machine'] {
  const [processor] = cpus()
  return {
    processor: processor?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: process.platform,
    node: process.version,
  }
}
