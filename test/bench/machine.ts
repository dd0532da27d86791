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
