import type { JsonObject } from '../model/json.js'
import { NODE_FEATURES } from './features.js'

/** How this control plane names itself in `Node.metadata.version.kumaCp` and in the `version` header. */
export const CONTROL_PLANE_VERSION = {
  version: '3.0.0',
  gitTag: 'v3.0.0',
  gitCommit: 'zonelab',
  buildDate: 'unknown',
} as const

export interface SyncNodeOptions {
  /** Always the zone's name, also when the global is the one that asks (kds.md §3.1). */
  readonly zone: string
  readonly instanceId: string
  /** The zone's configuration as JSON text; the global sends an empty one. Must hold `store.type` (kds.md trap 23). */
  readonly config: string
}

/** The node of the first request of each type. */
export function fullNode({ zone, instanceId, config }: SyncNodeOptions): JsonObject {
  const metadata = {
    version: { kumaCp: CONTROL_PLANE_VERSION },
    config,
    'control-plane-id': instanceId,
    features: NODE_FEATURES,
  }
  return { id: zone, metadata }
}

/** The node of every later request: present, or a Kuma peer's callbacks meet a nil (kds.md trap 2). */
export function shortNode(zone: string): JsonObject {
  return { id: zone }
}
