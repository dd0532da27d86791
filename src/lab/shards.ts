/** Which global deployments a lab has, and which of its control planes is on which. */
export interface ShardPlan {
  /** Each with resources and an address of its own. */
  readonly shards: readonly string[]
  readonly tenants: readonly string[]
  /** Shard by tenant, of those that are not dealt out in turn. */
  readonly placement: Readonly<Record<string, string>>
}

/** A control plane as the platform has it. */
export interface PlacedControlPlane {
  readonly id: string
  readonly shard: string
}

/** By the name that the lab knows them by. */
export type ControlPlanes = Readonly<Record<string, PlacedControlPlane>>

/** The one global deployment of a lab that asks for no other; names as Konnect's. */
export const DEFAULT_SHARD = 'us-1'

/** REGION-NUMBER. */
export const SHARD_NAME = /^[a-z](?:[a-z0-9-]{0,24}[a-z0-9])?-[1-9]\d{0,3}$/

export function regionOf(shard: string): string {
  return shard.replace(/-\d+$/, '')
}

/** Each once, in the order of the shards. */
export function regionsOf({ shards }: Pick<ShardPlan, 'shards'>): readonly string[] {
  return [...new Set(shards.map(regionOf))]
}

/** Where one of the lab's own control planes is made. */
export function shardFor({ shards, tenants, placement }: ShardPlan, tenant: string): string {
  return placement[tenant] ?? shards[Math.max(0, tenants.indexOf(tenant)) % shards.length] ?? DEFAULT_SHARD
}
