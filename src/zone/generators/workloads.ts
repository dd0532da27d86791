import { canonicalJson } from '../../model/json.js'
import { LABEL } from '../../model/labels.js'
import type { Resource } from '../../model/resource.js'
import type { Write } from '../../store/store.js'
import { meshDraft, put } from './drafts.js'
import type { PlanContext } from './plan-context.js'
import { workloadCounts } from './proxy-counts.js'

const MANAGER = 'workload-generator'

/** A Workload for a value of `kuma.io/workload`; it goes with its last Dataplane (kuma `pkg/core/resources/apis/workload`). */
export function planWorkload(context: PlanContext, name: string): readonly Write[] {
  const { mirror, mesh, zone, facts } = context
  const before = mirror.of(mesh, 'Workload').get(name)
  if (before && !isGenerated(before)) return []
  const members = facts.ofWorkload(name)
  if (members.length === 0) {
    return before ? [{ kind: 'delete', key: before, expect: { version: before.version } }] : []
  }
  const { connected, healthy, total } = workloadCounts(members, mirror.of(mesh, 'DataplaneInsight'))
  const status = canonicalJson({ dataplaneProxies: { connected, healthy, total } })
  if (before?.status === status) return []
  const labels = { [LABEL.env]: 'universal', [LABEL.managedBy]: MANAGER, [LABEL.mesh]: mesh, [LABEL.zone]: zone }
  const resource = meshDraft('Workload', mesh, name, labels, undefined, status)
  return [put(resource, before ? { version: before.version } : 'absent')]
}

function isGenerated(workload: Resource): boolean {
  return workload.labels[LABEL.managedBy] === MANAGER
}
