import { Child } from '../child.js'
import { systemTime } from '../open-loop.js'
import { groupsOf } from './change.js'
import type { Global } from './global.js'
import type { Sidecars } from './sidecars.js'
import type { PackedZones } from './zones.js'

/** How many zones, and sidecars of each. */
export interface Size {
  readonly zones: number
  readonly sidecars: number
}

/** `100x50`, as the command line says it; else the bench's own. */
export function sizeOf(text: string | undefined, own: Size): Size {
  if (text === undefined) return own
  const [zones = 0, sidecars = 0] = text.split('x').map(Number)
  if (!(zones > 0 && sidecars > 0)) throw new Error(`"${text}" is no size; say ZONESxSIDECARS, as in 100x50`)
  return { zones, sidecars }
}

/** Of zones, and of sidecars: as many as a large lab has on a machine of two cores. */
export const PROCESSES = 2

/** Whole control planes: a global, zones packed into processes as a large lab packs them, and their sidecars. */
export class Tiers {
  readonly global = new Child<Global>('propagation/global.js')
  readonly zones: readonly Child<PackedZones>[]
  readonly sidecars: readonly Child<Sidecars>[]

  /** `processes` of zones, and as many of sidecars. */
  constructor(processes: number) {
    this.zones = Array.from({ length: processes }, () => new Child<PackedZones>('propagation/zones.js'))
    this.sidecars = Array.from({ length: processes }, () => new Child<Sidecars>('propagation/sidecars.js'))
  }

  /** In the order in which they end, so that nobody sees his server go. */
  get children(): readonly { end(): void }[] {
    return [...this.sidecars, ...this.zones, this.global]
  }

  /** Resolves to the port of the global's API when every sidecar has a configuration. */
  async start(store: string, size: Size): Promise<number> {
    const { zones, sidecars } = size
    const endMs = systemTime.nowMs() + CONFIGURED_WITHIN_MS
    const { kds, apiHttp } = await this.global.call('start', store)
    await Promise.all(
      this.zones.map(async (child, part) => {
        const names = Array.from({ length: zones }, (_, index) => `zone-${index + 1}`).filter(
          (_, index) => index % this.zones.length === part,
        )
        const ports = await child.call('start', kds, names)
        for (const [index, name] of names.entries()) {
          await this.sidecars[part]?.call('start', name, ports[index] ?? 0, sidecars, groupsOf(size))
        }
      }),
    )
    const all = zones * sidecars
    await until(async () => {
      const live = sum(await this.live())
      return live === all ? undefined : `${live} of ${all} sidecars have a configuration`
    }, endMs - systemTime.nowMs())
    return apiHttp
  }

  live(): Promise<readonly number[]> {
    return Promise.all(this.sidecars.map((child) => child.call('live')))
  }

  /** What sidecars have applied since this was last asked. */
  async take(): Promise<ReturnType<Sidecars['take']>> {
    return (await Promise.all(this.sidecars.map((child) => child.call('take')))).flat()
  }

  /** CPU in ms, by tier. */
  async cpuMs(): Promise<Readonly<Record<string, number>>> {
    const all = async (children: readonly { cpuMs(): Promise<number> }[]) =>
      sum(await Promise.all(children.map((child) => child.cpuMs())))
    return { global: await all([this.global]), zones: await all(this.zones), sidecars: await all(this.sidecars) }
  }
}

/** Processes and zones included; half of it on a machine that does nothing else. */
const CONFIGURED_WITHIN_MS = 120_000

/** Waits until nothing is missing; throws what still is. */
export async function until(missing: () => Promise<string | undefined>, withinMs: number): Promise<void> {
  const endMs = systemTime.nowMs() + withinMs
  for (let what = await missing(); what !== undefined; what = await missing()) {
    if (systemTime.nowMs() > endMs) throw new Error(`after ${Math.round(withinMs / 1e3)} s ${what}`)
    await systemTime.sleep(200)
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
