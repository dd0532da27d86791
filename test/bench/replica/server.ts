import { cpuMs, offer } from '../child.js'
import { changed } from '../fan-out/message.js'
import { smallPolicies } from '../workload.js'
import { PerZoneSnapshots } from './snapshots.js'

let snapshots: PerZoneSnapshots
let version = 0

/** The replica in a process of its own. */
const methods = {
  start(resources: number, zones: number): void {
    snapshots = new PerZoneSnapshots(smallPolicies(resources), zones)
  },
  change(count: number, size: number): number {
    const before = cpuMs()
    for (let index = 0; index < count; index += 1) {
      version += 1
      snapshots.change(changed(size, version))
    }
    return cpuMs() - before
  },
}

export type ReplicaServer = typeof methods

offer(methods)
