import { type Resource, specOf } from '../../model/resource.js'
import type { DataplaneInbound, DataplaneListener, DataplaneNetworking } from '../../model/specs/dataplane.js'

/** An inbound or listener without a port is refused before it is stored. */
type WithPort<T> = T & { readonly port: number }
export type InboundSpec = WithPort<DataplaneInbound>
export type ListenerSpec = WithPort<DataplaneListener>

interface Networking extends Omit<DataplaneNetworking, 'inbound' | 'listeners'> {
  readonly inbound?: readonly InboundSpec[]
  readonly listeners?: readonly ListenerSpec[]
}

export function dataplaneNetworking(dataplane: Resource): Networking {
  return specOf<{ networking?: Networking }>(dataplane).networking ?? {}
}

/** Only a ready inbound is anyone's endpoint; absent state and health mean ready. */
export function isReady({ state = 'Ready', health }: InboundSpec): boolean {
  return state === 'Ready' && (health === undefined || health.ready === true)
}

/** Name given, else the port: what a sectionName means. */
export function sectionName({ name, port }: { readonly name?: string; readonly port: number }): string {
  return name || String(port)
}
