import type { Violation } from '../base/errors.js'
import type { ControlPlane } from './compute-labels.js'
import { descriptorOf, type ResourceType } from './registry.js'

/** Who may write which type through the API, and what stops a deletion (kuma `pkg/api-server`, `pkg/core/managers`). */
const REFUSALS: Readonly<Record<ControlPlane['mode'], string>> = {
  global:
    "On global control plane you can not modify dataplane resources with 'kumactl apply' or via the HTTP API. " +
    "You can still use 'kumactl' or the HTTP API to modify them on the zone control plane.\n",
  zone:
    "On zone control plane you can only modify zone resources with 'kumactl apply' or via the HTTP API. " +
    "You can still use 'kumactl' or the HTTP API to modify the rest of the resource on the global control plane.\n",
}

/** The detail of a 405, line end included; undefined when the type may be written there. */
export function writeRefusal(type: ResourceType, mode: ControlPlane['mode']): string | undefined {
  const { readOnly, flow } = descriptorOf(type)
  const provided = mode === 'global' ? flow.providedByGlobal : flow.providedByZone
  return readOnly || !provided ? REFUSALS[mode] : undefined
}

export const MESH_HAS_DATAPLANES: Violation = {
  field: 'mesh',
  reason: 'unable to delete mesh, there are still some dataplanes attached',
}

export const ZONE_IS_ONLINE: Violation = {
  field: 'zone',
  reason: 'unable to delete Zone, Zone CP is still connected, please shut it down first',
}
