import type { MeshMirror } from '../mesh-mirror.js'
import type { HostnamedType } from './hostnames.js'
import type { MeshFacts } from './mesh-facts.js'
import type { VipPool } from './vip-pool.js'

/** What planning one thing of a mesh looks at. */
export interface PlanContext {
  readonly mirror: MeshMirror
  readonly facts: MeshFacts
  readonly mesh: string
  readonly zone: string
  readonly nowMs: number
  readonly graceMs: number
  readonly vips: Readonly<Record<HostnamedType, VipPool>>
}
