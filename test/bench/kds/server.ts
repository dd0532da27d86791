import type { Hop } from '../../../src/base/hops.js'
import { cpuMs, offer } from '../child.js'
import { type Work, workOf } from '../counting/work.js'
import { changed } from '../fan-out/message.js'
import { openLoop, systemTime } from '../open-loop.js'
import { put } from '../workload.js'
import { type GlobalRig, startGlobal } from './global-rig.js'

const BURST_BYTES = 1_024
const BURST_WRITERS = 64
const BURST_NAMES = 1_000

const OURS = /\/src\//
const COUNTED_BYTES = 1_024

let rig: GlobalRig
let watching = false
let version = 0
/** Milliseconds from the scheduled instant to each zone's answer, by zone; filled while a schedule runs. */
let latencies: { readonly zone: string; readonly ms: number }[] = []
/** When each change of the last schedule was due, by the name of its resource. */
let dueMs = new Map<string, number>()
let watched: Hop[] = []

export interface Schedule {
  readonly count: number
  readonly everyMs: number
  readonly size: number
  readonly zones: number
  readonly withinMs: number
  readonly ignored: string
  /** Whose changes, and whose zones' answers are read: to read another's would cost the global more than to send them. Default: the default tenant's, all. */
  readonly tenant?: string
}

/** A global in a process of its own. */
const methods = {
  async start(resources: number, store = 'memory'): Promise<number> {
    rig = await startGlobal({ resources, store })
    return rig.port
  },
  /** A tenant begins with its first commit. */
  async begin(tenant: string): Promise<void> {
    await rig.tenantStore(tenant).commit([put(changed(BURST_BYTES, 0))])
  },
  /** Bytes in use after full collections: memory outside of the heap goes with the second, once the first freed its owners. */
  async memory(): Promise<number> {
    globalThis.gc?.()
    await systemTime.sleep(50)
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
  /** Makes changes one after the other, each when all `zones` have answered the one before. */
  async change(count: number, zones: number, size: number): Promise<{ cpuMs: number; encodes: number }> {
    const before = { cpuMs: cpuMs(), encodes: await encodes() }
    await changeAll(count, zones, size)
    return { cpuMs: cpuMs() - before.cpuMs, encodes: (await encodes()) - before.encodes }
  },
  /** What so many changes take, in a process that counts. */
  async work(count: number, zones: number): Promise<Work> {
    await changeAll(count, zones, COUNTED_BYTES)
    return await workOf(OURS, () => changeAll(count, zones, COUNTED_BYTES))
  },
  /**
   * Open loop: `count` changes, one every `everyMs`, whatever becomes of those before. Latency counts from the instant
   * that a change was due, so that a stall is paid for by all whom it delayed. Resolves when `zones` zones have answered them all, or `withinMs` after the
   * last; what zone `ignored` says is not waited for, and not told.
   */
  async schedule(options: Schedule): Promise<typeof latencies> {
    const { count, everyMs, size, zones, withinMs, ignored, tenant } = options
    const store = tenant === undefined ? rig.store : rig.tenantStore(tenant)
    latencies = []
    dueMs = new Map()
    const sent = new Map<string, string>()
    const stop = rig.readHops((hop) => {
      if (hop.peer !== ignored) answered(hop, dueMs, sent)
    }, tenant)
    await openLoop({ count, everyMs }, (index, dueAtMs) => {
      version += 1
      // A resource of its own for each, so that every zone answers every change, be it in one batch with others.
      const resource = { ...changed(size, version), name: `changed-${index}` }
      dueMs.set(resource.name, dueAtMs)
      void store.commit([put(resource)])
    })
    const endMs = systemTime.nowMs() + withinMs
    while (latencies.length < count * zones && systemTime.nowMs() < endMs) await systemTime.sleep(20)
    stop()
    return latencies
  },
  dues: () => dueMs,
  /** From now on answers of this instance's zones are kept, for changes that another instance makes. */
  watch(): void {
    watched = []
    if (watching) return
    watching = true
    rig.readHops((hop) => {
      if (hop.hop === 'kds-acked') watched.push(hop)
    })
  },
  /** Milliseconds from when each of these changes was due to the answer of each zone; resolves when all have come, or after `withinMs`. */
  async answersTo(dues: ReadonlyMap<string, number>, zones: number, withinMs: number): Promise<readonly number[]> {
    const endMs = systemTime.nowMs() + withinMs
    const answers = () =>
      watched.flatMap(({ name, at }) => {
        const due = dues.get(ownName(name))
        return due === undefined ? [] : [at - due]
      })
    while (answers().length < dues.size * zones && systemTime.nowMs() < endMs) await systemTime.sleep(20)
    return answers()
  },
  /** So many changes of a tenant, as fast as some writers get them durable. Returns ms. */
  async burst(tenant: string, count: number): Promise<number> {
    const store = rig.tenantStore(tenant)
    const startMs = systemTime.nowMs()
    let made = 0
    const writer = async () => {
      while (made < count) {
        made += 1
        version += 1
        await store.commit([put({ ...changed(BURST_BYTES, version), name: `burst-${made % BURST_NAMES}` })])
      }
    }
    await Promise.all(Array.from({ length: BURST_WRITERS }, writer))
    return systemTime.nowMs() - startMs
  },
}

export type KdsServer = typeof methods

offer(methods)

/** A zone's answer covers the newest change of each resource that it was sent. */
function answered(
  { hop, peer: zone = '', name, at }: Hop,
  dueMs: Map<string, number>,
  sent: Map<string, string>,
): void {
  const key = `${zone}/${name}`
  const due = dueMs.get(ownName(name))
  if (due === undefined) return
  if (hop === 'kds-sent') sent.set(key, String(due))
  if (hop === 'kds-acked') latencies.push({ zone, ms: at - Number(sent.get(key) ?? due) })
}

/** Names on the wire carry a hash, and then the mesh: what is left of both is ours. */
function ownName(name: string): string {
  return (name.split('.')[0] ?? '').replace(/-[^-]*$/, '')
}

async function changeAll(count: number, zones: number, size: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    version += 1
    const all = rig.answers.count + zones
    const answeredByAll = new Promise<void>((resolve) => {
      rig.answers.onAnswer = () => {
        if (rig.answers.count >= all) resolve()
      }
    })
    await rig.store.commit([put(changed(size, version))])
    await answeredByAll
  }
}

async function encodes(): Promise<number> {
  const { text } = await rig.metrics.expose()
  const lines = text.split('\n').filter((line) => line.startsWith('zonelab_view_encodes_total{'))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
