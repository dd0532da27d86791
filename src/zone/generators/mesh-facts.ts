import { isLocallyOriginated, LABEL } from '../../model/labels.js'
import type { Resource } from '../../model/resource.js'
import { DataplaneIndex } from '../../policy/dataplane-index.js'
import { LocalServices } from '../local-services.js'
import type { MeshMirror } from '../mesh-mirror.js'
import { HOSTNAMED_TYPES, type HostnamedType, HostnameIndex } from './hostnames.js'

/** What planning asks of a mesh that the mirror could only answer by looking at everything; kept change by change. */
export class MeshFacts {
  readonly dataplanes = new DataplaneIndex()
  readonly localServices = new LocalServices()
  readonly hostnames: Readonly<Record<HostnamedType, HostnameIndex>>
  readonly #mirror: MeshMirror
  readonly #mesh: string

  constructor(mirror: MeshMirror, mesh: string, zone: string) {
    this.#mirror = mirror
    this.#mesh = mesh
    const index = (type: HostnamedType) => new HostnameIndex(type, zone, (name) => mirror.of(mesh, type).get(name))
    this.hostnames = {
      MeshService: index('MeshService'),
      MeshMultiZoneService: index('MeshMultiZoneService'),
      MeshExternalService: index('MeshExternalService'),
    }
    for (const dataplane of mirror.of(mesh, 'Dataplane').values()) this.dataplanes.put(dataplane)
    for (const service of mirror.of(mesh, 'MeshService').values()) this.changeService(undefined, service)
    this.restartHostnames()
  }

  /** Other HostnameGenerators. */
  restartHostnames(): void {
    const generators = [...this.#mirror.of(undefined, 'HostnameGenerator').values()]
    for (const type of HOSTNAMED_TYPES) {
      this.hostnames[type].restart(generators, this.#mirror.of(this.#mesh, type).values())
    }
  }

  changeDataplane(before: Resource | undefined, after: Resource | undefined): void {
    const name = (after ?? before)?.name
    if (name !== undefined) this.dataplanes.remove(name)
    if (after) this.dataplanes.put(after)
  }

  changeService(before: Resource | undefined, after: Resource | undefined): void {
    if (before) this.localServices.remove(before.name)
    if (after && isLocallyOriginated(after.labels, 'zone')) this.localServices.put(after)
  }

  /** The Dataplanes of one value of `kuma.io/workload`, by name. */
  ofWorkload(name: string): readonly Resource[] {
    return this.dataplanes.having({ [LABEL.workload]: name })
  }
}
