import { LABEL } from '../../model/labels.js'
import { keyText, type Resource, specOf } from '../../model/resource.js'
import type { MeshZoneAddressSpec } from '../../model/specs/mesh-zone-address.js'
import type { Depend } from '../../policy/destinations.js'
import type { Endpoint } from './endpoints.js'

/** One labelled address of a zone: the way to one port of one of its services (docs/DIFFERENCES.md). */
export interface ExportedPort {
  readonly zone: string
  /** Display name of the MeshService. */
  readonly service: string
  /** Name of its port. */
  readonly port: string
  /** Where the zone's proxies listen for it. */
  readonly listenPort: number
}

/** The MeshZoneAddresses of one mesh by their zone: by which its services are reached from outside. */
export class ZoneAddresses {
  readonly #byZone = new Map<string, Map<string, Resource>>()
  /** The same objects until an address of theirs changes. */
  readonly #endpoints = new Map<string, readonly Endpoint[]>()

  /** Returns the keys that this touches. */
  change(before: Resource | undefined, after: Resource | undefined): readonly string[] {
    if (before) this.#byZone.get(zoneOf(before))?.delete(keyText(before))
    if (after) {
      const addresses = this.#byZone.get(zoneOf(after)) ?? new Map<string, Resource>()
      this.#byZone.set(zoneOf(after), addresses.set(keyText(after), after))
    }
    return [before, after].flatMap((address) => {
      if (address === undefined) return []
      const zone = zoneOf(address)
      const exported = exportedPortOf(address)
      this.#endpoints.delete(exported ? portText(zone, exported.service, exported.port) : zone)
      return exported ? [zoneKey(zone), exportKey(zone, exported.service)] : [zoneKey(zone)]
    })
  }

  /** Where all services of a zone are reached by SNI. */
  bySni(zone: string, depend: Depend): readonly Endpoint[] {
    depend(zoneKey(zone))
    return this.#kept(zone, zone, (address) => exportedPortOf(address) === undefined)
  }

  /** Where one port of one service is reached without SNI. */
  byPort(zone: string, service: string, port: string, depend: Depend): readonly Endpoint[] {
    depend(exportKey(zone, service))
    return this.#kept(portText(zone, service, port), zone, (address) => {
      const exported = exportedPortOf(address)
      return exported?.service === service && exported.port === port
    })
  }

  /** The labelled addresses of a zone, one per exported service port, by service and port. */
  exportedPorts(zone: string, depend: Depend): readonly ExportedPort[] {
    depend(zoneKey(zone))
    return [...(this.#byZone.get(zone)?.values() ?? [])]
      .flatMap((address) => exportedPortOf(address) ?? [])
      .sort((a, b) => (a.service + a.port < b.service + b.port ? -1 : 1))
  }

  #kept(key: string, zone: string, counts: (address: Resource) => boolean): readonly Endpoint[] {
    let endpoints = this.#endpoints.get(key)
    if (!endpoints) {
      endpoints = [...(this.#byZone.get(zone)?.values() ?? [])]
        .filter(counts)
        .map((address) => ({ ...specOf<MeshZoneAddressSpec>(address), zone, weight: 1, labels: {} }))
      this.#endpoints.set(key, endpoints)
    }
    return endpoints
  }
}

function exportedPortOf(address: Resource): ExportedPort | undefined {
  const { [LABEL.zone]: zone = '', [LABEL.exportedService]: service, [LABEL.exportedPort]: port } = address.labels
  if (service === undefined || port === undefined) return undefined
  return { zone, service, port, listenPort: specOf<MeshZoneAddressSpec>(address).port }
}

function zoneOf({ labels }: Resource): string {
  return labels[LABEL.zone] ?? ''
}

function zoneKey(zone: string): string {
  return `zone-address/${zone}`
}

function exportKey(zone: string, service: string): string {
  return `exported/${zone}/${service}`
}

function portText(zone: string, service: string, port: string): string {
  return `${zone}/${service}/${port}`
}
