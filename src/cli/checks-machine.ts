import { readFileSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { AppError } from '../base/errors.js'
import { OWN_PROCESS_ZONES_MAX } from '../lab/components.js'
import { isPortFree, KUMA_PORTS } from '../lab/ports.js'
import type { Context } from './command.js'

export interface CheckResult {
  readonly name: string
  readonly verdict: 'ok' | 'warning' | 'failed'
  readonly found: string
  /** What to do when it is not ok. */
  readonly hint?: string
}

export interface Plan {
  readonly zones: number
  /** Per zone. */
  readonly dataplanes: number
}

const DEFAULT_PLAN: Plan = { zones: 3, dataplanes: 10 }

/** `zones=500,dataplanes=10`. Throws `invalid-argument`. */
export function parsePlan(text: string | undefined): Plan {
  if (text === undefined) return DEFAULT_PLAN
  const plan: Record<string, number> = { ...DEFAULT_PLAN }
  for (const part of text.split(',')) {
    const [, name, number] = /^(zones|dataplanes)=(\d{1,6})$/.exec(part) ?? []
    if (name === undefined) {
      throw new AppError('invalid-argument', `--for ${text}: use zones=N,dataplanes=N (sidecars per zone)`)
    }
    plan[name] = Number(number)
  }
  return plan as unknown as Plan
}

/** Resident memory of one of our processes at rest. */
const PROCESS_BYTES = 110 * 2 ** 20
/** What a zone and a sidecar add to a process that has several. */
const ZONE_BYTES = 6 * 2 ** 20
const SIDECAR_BYTES = 200 * 2 ** 10

export function bytesFor({ zones, dataplanes }: Plan, cores: number): number {
  const processes = zones <= OWN_PROCESS_ZONES_MAX ? 2 * zones + 2 : 2 * cores + 2
  return processes * PROCESS_BYTES + zones * ZONE_BYTES + zones * dataplanes * SIDECAR_BYTES
}

/** Sockets: both ends of each zone's link and of each sidecar's stream and admin port, and what every process has open. */
export function openFilesFor({ zones, dataplanes }: Plan, cores: number): number {
  const perProcess = zones <= OWN_PROCESS_ZONES_MAX ? dataplanes : Math.ceil(zones / cores) * dataplanes
  return Math.max(perProcess * 2, zones * 6) + 200
}

/** `ownPorts` are those of the lab that is looked at: it may hold them. */
export async function machineChecks(
  plan: Plan,
  ownPorts: ReadonlySet<number>,
  env: Context['env'],
): Promise<CheckResult[]> {
  const cores = availableParallelism()
  return [
    { name: 'Node.js', verdict: 'ok', found: process.version },
    {
      name: 'cores',
      verdict: cores >= 2 ? 'ok' : 'warning',
      found: String(cores),
      hint: 'one core runs a lab, slowly; fewer zones help',
    },
    memoryCheck(bytesFor(plan, cores)),
    openFilesCheck(openFilesFor(plan, cores)),
    await portsCheck(ownPorts),
    {
      name: 'colour',
      verdict: 'ok',
      found: env.NO_COLOR ? 'off (NO_COLOR)' : 'on a terminal',
    },
  ]
}

function memoryCheck(needed: number): CheckResult {
  const available = availableMemory()
  const found = `${gib(available)} of ${gib(totalmem())} free, about ${gib(needed)} needed`
  return {
    name: 'memory',
    verdict: available >= needed ? 'ok' : 'failed',
    found,
    hint: 'close what is not needed, or plan fewer zones',
  }
}

/** Linux counts caches as used in `freemem`; MemAvailable is what a new process can have. */
function availableMemory(): number {
  try {
    const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
    return kib === undefined ? freemem() : Number(kib) * 1_024
  } catch {
    return freemem()
  }
}

function openFilesCheck(needed: number): CheckResult {
  const limit = openFilesLimit()
  if (limit === undefined)
    return { name: 'open files', verdict: 'ok', found: `about ${needed} needed, limit not known here` }
  const shown = Number.isFinite(limit) ? String(limit) : 'no limit'
  return {
    name: 'open files',
    verdict: limit >= needed ? 'ok' : 'failed',
    found: `${shown}, about ${needed} needed in one process`,
    hint: `raise the limit: ulimit -n ${needed}`,
  }
}

/** Node raises its soft limit to the hard one by itself. */
function openFilesLimit(): number | undefined {
  try {
    const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return hard === 'unlimited' ? Number.POSITIVE_INFINITY : hard === undefined ? undefined : Number(hard)
  } catch {
    return undefined
  }
}

async function portsCheck(own: ReadonlySet<number>): Promise<CheckResult> {
  const ports = Object.values(KUMA_PORTS)
  const free = await Promise.all(ports.map((port) => own.has(port) || isPortFree('127.0.0.1', port)))
  const taken = ports.filter((_port, index) => !free[index])
  if (taken.length === 0)
    return {
      name: 'ports',
      verdict: 'ok',
      found: `${ports.join(', ')} are free${ports.some((port) => own.has(port)) ? " or this lab's" : ''}`,
    }
  return {
    name: 'ports',
    verdict: 'warning',
    found: `${taken.join(', ')} taken by somebody else`,
    hint: 'a lab takes other ports instead and says which; another lab or kuma-cp holds these',
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
