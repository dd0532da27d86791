import { type Resource, specOf } from '../../model/resource.js'

/** What a snapshot reads of a Dataplane's spec. */
export interface DataplaneNetworking {
  readonly address?: string
  readonly inbound?: readonly InboundSpec[]
  readonly listeners?: readonly ListenerSpec[]
  readonly transparentProxying?: { readonly redirectPortInbound?: number }
}

export interface InboundSpec {
  readonly name?: string
  readonly address?: string
  readonly port: number
  readonly serviceAddress?: string
  readonly servicePort?: number
  readonly protocol?: string
  readonly state?: 'Ready' | 'NotReady' | 'Ignored'
  readonly health?: { readonly ready?: boolean }
}

/** A listener of a zone proxy. */
export interface ListenerSpec {
  readonly type: 'ZoneIngress' | 'ZoneEgress'
  readonly name?: string
  readonly address?: string
  readonly port: number
}

export function dataplaneNetworking(dataplane: Resource): DataplaneNetworking {
  return specOf<{ networking?: DataplaneNetworking }>(dataplane).networking ?? {}
}

/** Only a ready inbound is anyone's endpoint; absent state and health mean ready. */
export function isReady({ state = 'Ready', health }: InboundSpec): boolean {
  return state === 'Ready' && (health === undefined || health.ready === true)
}

/** Name given, else the port: what a sectionName means. */
export function sectionName({ name, port }: { readonly name?: string; readonly port: number }): string {
  return name || String(port)
}
