import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

/** What the figures were seen on. The load tells what else was running when the bench began. */
export function machine(): object {
  const [processor] = cpus()
  return {
    processor: processor?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: process.platform,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  }
}

const STAT = '/proc/stat'
/** Of the fields of the line `cpu`; the two after it are parts of others (proc_stat(5)). */
const [STEAL, FIELDS] = [7, 8]

/** What a virtual machine's cores have done since it began, in ticks: `stolen` is what its host gave to others. Linux only; else 0. */
export interface CoreTicks {
  readonly stolen: number
  readonly all: number
}

export function coreTicks(): CoreTicks {
  if (!existsSync(STAT)) return { stolen: 0, all: 0 }
  const fields = (readFileSync(STAT, 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number)
  const ticks = fields.slice(0, FIELDS)
  return { stolen: ticks[STEAL] ?? 0, all: ticks.reduce((sum, value) => sum + value, 0) }
}

/** Of all core time between two readings. */
export function stolenShare(before: CoreTicks, after: CoreTicks): number {
  return (after.stolen - before.stolen) / Math.max(1, after.all - before.all)
}
