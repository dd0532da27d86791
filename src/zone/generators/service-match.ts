import { LABEL, matchesLabels } from '../../model/labels.js'
import type { Resource } from '../../model/resource.js'
import type { MeshServicePort, MeshServiceSpec } from '../../model/specs/mesh-service.js'
import { dataplaneNetworking, type InboundSpec, isReady } from '../snapshot/dataplane-spec.js'

/**
 * The Dataplanes of one mesh by the labels that services select, so that matching a service costs its own Dataplanes
 * and not all. The workload label is what generated services select by.
 */
export class DataplaneIndex {
  readonly #all: readonly Resource[]
  readonly #byWorkload = new Map<string, Resource[]>()

  constructor(dataplanes: Iterable<Resource>) {
    this.#all = [...dataplanes].sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const dataplane of this.#all) {
      const workload = dataplane.labels[LABEL.workload]
      if (workload === undefined) continue
      const same = this.#byWorkload.get(workload)
      if (same) same.push(dataplane)
      else this.#byWorkload.set(workload, [dataplane])
    }
  }

  /** Workload label value → its Dataplanes, sorted by name. */
  get byWorkload(): ReadonlyMap<string, readonly Resource[]> {
    return this.#byWorkload
  }

  /** By reference or by labels, of those that have inbounds; no selector selects none, empty labels all (kuma `meshservice/match.go`). */
  selectedBy({ selector }: Pick<MeshServiceSpec, 'selector'>): readonly Resource[] {
    return this.#candidates(selector).filter((dataplane) => inboundsOf(dataplane).length > 0)
  }

  #candidates({ dataplaneRef, dataplaneLabels }: MeshServiceSpec['selector']): readonly Resource[] {
    if (dataplaneRef) return this.#all.filter(({ name }) => name === dataplaneRef.name)
    if (!dataplaneLabels) return []
    const labels = dataplaneLabels.matchLabels ?? {}
    const workload = labels[LABEL.workload]
    const candidates = workload === undefined ? this.#all : (this.#byWorkload.get(workload) ?? [])
    return candidates.filter((dataplane) => matchesLabels(dataplane.labels, labels))
  }
}

/** Whether a ready inbound serves the port: by target port number, or by name when the target is one. */
export function serves(dataplane: Resource, { port, targetPort }: MeshServicePort): boolean {
  const target = targetPort ?? port
  const isTarget = (inbound: InboundSpec) =>
    typeof target === 'number' ? inbound.port === target : inbound.name === target
  return inboundsOf(dataplane).some((inbound) => isTarget(inbound) && isReady(inbound))
}

export function inboundsOf(dataplane: Resource): readonly InboundSpec[] {
  return dataplaneNetworking(dataplane).inbound ?? []
}
