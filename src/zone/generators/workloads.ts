import { canonicalJson } from '../../model/json.js'
import { LABEL } from '../../model/labels.js'
import type { Resource } from '../../model/resource.js'
import type { Write } from '../../store/store.js'
import { meshDraft, put } from './drafts.js'
import type { PlanContext } from './plan-context.js'
import { workloadCounts } from './proxy-counts.js'
import type { DataplaneIndex } from './service-match.js'

const MANAGER = 'workload-generator'

/** One Workload per value of `kuma.io/workload`; it goes with its last Dataplane (kuma `pkg/core/resources/apis/workload`). */
export function planWorkloads({ mirror, mesh, zone }: PlanContext, dataplanes: DataplaneIndex): readonly Write[] {
  const existing = mirror.of(mesh, 'Workload')
  const insights = mirror.of(mesh, 'DataplaneInsight')
  const writes: Write[] = []
  const labels = { [LABEL.env]: 'universal', [LABEL.managedBy]: MANAGER, [LABEL.mesh]: mesh, [LABEL.zone]: zone }
  for (const [name, members] of dataplanes.byWorkload) {
    const { connected, healthy, total } = workloadCounts(members, insights)
    const status = canonicalJson({ dataplaneProxies: { connected, healthy, total } })
    const before = existing.get(name)
    if (before && (!isGenerated(before) || before.status === status)) continue
    const resource = meshDraft('Workload', mesh, name, labels, undefined, status)
    writes.push(put(resource, before ? { version: before.version } : 'absent'))
  }
  for (const workload of existing.values()) {
    if (!isGenerated(workload) || dataplanes.byWorkload.has(workload.name)) continue
    writes.push({ kind: 'delete', key: workload, expect: { version: workload.version } })
  }
  return writes
}

function isGenerated(workload: Resource): boolean {
  return workload.labels[LABEL.managedBy] === MANAGER
}
