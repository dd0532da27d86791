import { isLocallyOriginated, LABEL } from '../../model/labels.js'
import { descriptorOf, type ResourceType } from '../../model/registry.js'
import { displayName, keyText, type Resource, specOf, statusOf } from '../../model/resource.js'
import type { MeshServiceSpec } from '../../model/specs/mesh-service.js'
import { DataplaneIndex } from '../../policy/dataplane-index.js'
import {
  type Depend,
  DestinationIndex,
  findPort,
  isDestinationType,
  type Port,
  portsOf,
  typeKey,
} from '../../policy/destinations.js'
import type { InboundRule } from '../../policy/inbound-rules.js'
import { PolicyMatcher } from '../../policy/matched-policies.js'
import { policySpec } from '../../policy/policy-spec.js'
import type { ToEntries } from '../../policy/to-rules.js'
import { backersOf, LocalServices } from '../local-services.js'
import { dataplaneNetworking, isReady } from './dataplane-spec.js'
import type { Endpoint } from './endpoints.js'
import type { WorkloadIdentity } from './tls.js'
import { ZoneAddresses } from './zone-addresses.js'

export interface MeshContextOptions {
  readonly mesh: string
  /** The zone whose sidecars are served. */
  readonly zone: string
  /** The certificate of a dataplane, when the zone has issued one. A new one makes that dataplane's snapshot stale. */
  readonly identityOf?: (dataplane: Resource) => WorkloadIdentity | undefined
}

/** Zero or more sets of endpoints; an address may stand in several. */
export type EndpointSets = readonly (readonly Endpoint[])[]

/**
 * Everything of one mesh that its sidecars' snapshots are made of, indexed, and kept up to date change by change.
 * Questions are answered from memory; each answer names the keys it hangs on, so that a change rebuilds what it must and no more.
 */
export class MeshContext {
  readonly mesh: string
  readonly zone: string
  readonly destinations = new DestinationIndex()
  readonly zoneAddresses = new ZoneAddresses()
  readonly #identityOf: (dataplane: Resource) => WorkloadIdentity | undefined
  readonly #dataplanes = new DataplaneIndex()
  readonly #localServices = new LocalServices()
  readonly #others = new Map<ResourceType, Map<string, Resource>>()
  readonly #matchers = new Map<ResourceType, PolicyMatcher>()
  /** By the service's key; dropped when it or a dataplane behind it changes. */
  readonly #localEndpoints = new Map<string, ReadonlyMap<string, readonly Endpoint[]>>()

  constructor({ mesh, zone, identityOf = () => undefined }: MeshContextOptions) {
    this.mesh = mesh
    this.zone = zone
    this.#identityOf = identityOf
  }

  /** A resource of this mesh came (`before` undefined), went (`after` undefined) or changed. Returns the keys that this touches. */
  change(before: Resource | undefined, after: Resource | undefined): readonly string[] {
    const resource = after ?? before
    if (resource === undefined) return []
    if (resource.type === 'Dataplane') return this.#changeDataplane(before, after)
    if (resource.type === 'MeshZoneAddress') return this.zoneAddresses.change(before, after)
    if (isDestinationType(resource.type)) return this.#changeDestination(before, after)
    const others = this.#others.get(resource.type) ?? new Map<string, Resource>()
    this.#others.set(resource.type, others)
    const held = others.get(keyText(resource))
    if (after) others.set(keyText(after), after)
    else others.delete(keyText(resource))
    if (descriptorOf(resource.type).policy === undefined) return [typeKey(resource.type), keyText(resource)]
    return this.#changePolicy(held, after)
  }

  dataplanes(): Iterable<Resource> {
    return this.#dataplanes.all()
  }

  /** What policies of a type say of the traffic that leaves a dataplane. */
  toEntries(type: ResourceType, dataplane: Resource, depend: Depend): ToEntries {
    depend(outgoingKey(type, dataplane))
    return this.#matcher(type).match(dataplane).to
  }

  /** What policies of a type say of the traffic that enters a dataplane by one of its sections. */
  inboundRules(type: ResourceType, dataplane: Resource, section: string, depend: Depend): readonly InboundRule[] {
    depend(incomingKey(type, dataplane))
    return this.#matcher(type).match(dataplane).inbound.get(section) ?? []
  }

  all(type: ResourceType, depend: Depend): readonly Resource[] {
    depend(typeKey(type))
    return [...(this.#others.get(type)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Sidecars of this mesh speak TLS with one another, and zones reach one another by SNI. */
  hasIdentity(depend: Depend): boolean {
    return this.all('MeshIdentity', depend).length > 0
  }

  identity(dataplane: Resource, depend: Depend): WorkloadIdentity | undefined {
    return this.hasIdentity(depend) ? this.#identityOf(dataplane) : undefined
  }

  /** Local to this zone: what other zones and the global sent has origin `global` here. */
  isLocal(destination: Resource): boolean {
    return isLocallyOriginated(destination.labels, 'zone')
  }

  /** The addresses behind a port, as sets that are the same objects until one of the keys is touched. */
  endpoints(destination: Resource, port: Port, depend: Depend): EndpointSets {
    depend(keyText(destination))
    switch (destination.type) {
      case 'MeshService':
        return this.isLocal(destination)
          ? [this.#localEndpointsOf(destination).get(port.name) ?? []]
          : [this.#remoteEndpointsOf(destination, port, depend)]
      case 'MeshMultiZoneService':
        return this.#multiZoneEndpoints(destination, port, depend)
      default:
        // Kuma sends external traffic through a zone egress, never straight to where it goes.
        return []
    }
  }

  #matcher(type: ResourceType): PolicyMatcher {
    let matcher = this.#matchers.get(type)
    if (!matcher) {
      matcher = new PolicyMatcher(type, this.#others.get(type)?.values() ?? [])
      this.#matchers.set(type, matcher)
    }
    return matcher
  }

  #changePolicy(before: Resource | undefined, after: Resource | undefined): readonly string[] {
    const versions = [before, after].filter((version) => version !== undefined)
    const [{ type }] = versions as [Resource]
    const selected = new Set(versions.flatMap((version) => this.#dataplanes.selectedBy(version)))
    this.#matchers.get(type)?.change(before, after, selected)
    const saysTo = versions.some((version) => policySpec(version).to !== undefined)
    const hasRules = versions.some((version) => policySpec(version).rules !== undefined)
    return [...selected].flatMap((dataplane) => [
      ...(saysTo ? [outgoingKey(type, dataplane)] : []),
      ...(hasRules ? [incomingKey(type, dataplane)] : []),
    ])
  }

  #changeDataplane(before: Resource | undefined, after: Resource | undefined): readonly string[] {
    const versions = [before, after].filter((version) => version !== undefined)
    for (const version of versions) this.#dataplanes.remove(version.name)
    if (after) this.#dataplanes.put(after)
    const backed = versions.flatMap((version) => this.#localServices.backedBy(version)).map(keyText)
    for (const key of backed) this.#localEndpoints.delete(key)
    return [...versions.map(keyText), ...backed]
  }

  #changeDestination(before: Resource | undefined, after: Resource | undefined): readonly string[] {
    if (before) this.destinations.remove(before)
    if (after) this.destinations.put(after)
    if (before?.type === 'MeshService') this.#localServices.remove(before.name)
    if (after?.type === 'MeshService' && this.isLocal(after)) this.#localServices.put(after)
    const versions = [before, after].filter((version) => version !== undefined)
    for (const version of versions) this.#localEndpoints.delete(keyText(version))
    return versions.flatMap(DestinationIndex.touched)
  }

  #localEndpointsOf(service: Resource): ReadonlyMap<string, readonly Endpoint[]> {
    let byPort = this.#localEndpoints.get(keyText(service))
    if (!byPort) {
      const backing = backersOf(specOf<MeshServiceSpec>(service), this.#dataplanes)
      byPort = new Map(
        portsOf(service).map((port) => [
          port.name,
          backing.flatMap((dataplane) => this.#inboundsBehind(port, dataplane)),
        ]),
      )
      this.#localEndpoints.set(keyText(service), byPort)
    }
    return byPort
  }

  #inboundsBehind({ targetPort }: Port, dataplane: Resource): Endpoint[] {
    const networking = dataplaneNetworking(dataplane)
    return (networking.inbound ?? [])
      .filter((inbound) => isReady(inbound))
      .filter(({ port, name }) => (typeof targetPort === 'number' ? port === targetPort : name === targetPort))
      .map(({ address, port, protocol }) => ({
        address: address || networking.address || '',
        port,
        zone: this.zone,
        weight: 1,
        labels: protocol ? { ...dataplane.labels, 'kuma.io/protocol': protocol } : dataplane.labels,
      }))
  }

  /** With identities by SNI through any of the zone's addresses, else through the one opened for this very port. */
  #remoteEndpointsOf(service: Resource, port: Port, depend: Depend): readonly Endpoint[] {
    const zone = service.labels[LABEL.zone] ?? ''
    return this.hasIdentity(depend)
      ? this.zoneAddresses.bySni(zone, depend)
      : this.zoneAddresses.byPort(zone, displayName(service), port.name, depend)
  }

  #multiZoneEndpoints(destination: Resource, port: Port, depend: Depend): EndpointSets {
    const { meshServices = [] } = statusOf<MultiZoneStatus>(destination) ?? {}
    return meshServices.flatMap(({ name, namespace = '', zone }) => {
      const service = this.destinations
        .find('MeshService', { [LABEL.displayName]: name }, depend)
        .find(({ labels }) => (labels[LABEL.zone] ?? '') === zone && (labels[LABEL.namespace] ?? '') === namespace)
      if (service === undefined) return []
      depend(keyText(service))
      const available = this.isLocal(service) || specOf<{ state?: string }>(service).state === 'Available'
      const behind = available ? findPort(service, port.name) : undefined
      return behind ? this.endpoints(service, behind, depend) : []
    })
  }
}

interface MultiZoneStatus {
  readonly meshServices?: readonly { readonly name: string; readonly namespace?: string; readonly zone: string }[]
}

/** Touched when what policies say of the traffic of this dataplane may be different. */
function outgoingKey(type: ResourceType, { name }: Resource): string {
  return `to/${type}/${name}`
}

function incomingKey(type: ResourceType, { name }: Resource): string {
  return `rules/${type}/${name}`
}
