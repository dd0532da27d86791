import { isLocallyOriginated, LABEL, matchesLabels, sameLabels } from '../../model/labels.js'
import { type Resource, specOf } from '../../model/resource.js'
import type { MeshMultiZoneServiceSpec } from '../../model/specs/mesh-service.js'
import type { Change, Write } from '../../store/store.js'
import { planIdentities } from '../identity/plan-identities.js'
import { HOSTNAMED_TYPES, type HostnamedType } from './hostnames.js'
import { MeshFacts } from './mesh-facts.js'
import type { PlanContext } from './plan-context.js'
import { planExternal, planMultiZone, planService } from './plan-services.js'
import { planWorkload } from './workloads.js'
import { isExport, planZoneProxy, ZONE_PROXY_NAME, type ZoneProxyOptions } from './zone-proxy.js'

export interface Plan {
  readonly writes: readonly Write[]
  /** When something that only time changes is due: a grace period ends. */
  readonly wakeAtMs: number | undefined
}

export interface MeshPlannerOptions extends Omit<PlanContext, 'facts' | 'nowMs'> {
  /** Undefined: the zone makes no proxy of its own. */
  readonly proxy: Pick<ZoneProxyOptions, 'address' | 'firstPort'> | undefined
}

/** What is planned by itself, of any name, or for the mesh as a whole. */
type Named = HostnamedType | 'Workload'
type Whole = 'identities' | 'zone-proxy'

/**
 * Everything that a zone makes in one mesh from what it has: MeshServices and Workloads from Dataplanes, addresses,
 * hostnames and counts in the status of services, what MeshIdentities ask for, and the zone's own proxy. Each thing is
 * planned by itself, all of them at first and then those that a change touches: what one that joins costs does not hang
 * on how many there are. Planning again after the writes are stored gives none.
 */
export class MeshPlanner {
  readonly #options: MeshPlannerOptions
  readonly #facts: MeshFacts
  readonly #outdated: Readonly<Record<Named, Set<string>>> = {
    MeshService: new Set(),
    MeshMultiZoneService: new Set(),
    MeshExternalService: new Set(),
    Workload: new Set(),
  }
  readonly #outdatedWholes = new Set<Whole>(['identities', 'zone-proxy'])
  /** When the grace period of a MeshService ends. */
  readonly #graceEndsMs = new Map<string, number>()

  /** `mirror` has to hold what the planner is to begin with, and each change before the planner is told of it. */
  constructor(options: MeshPlannerOptions) {
    const { mirror, mesh, zone } = options
    this.#options = options
    this.#facts = new MeshFacts(mirror, mesh, zone)
    this.#outdateHostnamed()
    for (const name of mirror.of(mesh, 'Workload').keys()) this.#outdated.Workload.add(name)
    for (const dataplane of this.#facts.dataplanes.all()) this.#outdateServicesOf(dataplane)
  }

  /** A change of this mesh, or of a HostnameGenerator. */
  change({ key: { type, name }, before, after }: Change): void {
    const versions = [before, after].filter((version) => version !== undefined)
    switch (type) {
      case 'Dataplane':
        this.#facts.changeDataplane(before, after)
        for (const version of versions) this.#outdateServicesOf(version)
        if (name === ZONE_PROXY_NAME) this.#outdatedWholes.add('zone-proxy')
        break
      case 'DataplaneInsight': {
        const dataplane = this.#facts.dataplanes.named(name)
        if (dataplane) this.#outdateServicesOf(dataplane)
        break
      }
      case 'MeshService':
        this.#changeService(name, before, after)
        break
      case 'MeshMultiZoneService':
      case 'MeshExternalService':
        this.#changeHostnamed(type, name, before, after)
        break
      case 'Workload':
        this.#outdated.Workload.add(name)
        break
      case 'HostnameGenerator':
        this.#facts.restartHostnames()
        this.#outdateHostnamed()
        break
      case 'MeshZoneAddress':
        if (versions.some((address) => address.name === ZONE_PROXY_NAME || isExport(address))) {
          this.#outdatedWholes.add('zone-proxy')
        }
        break
      case 'MeshIdentity':
        this.#outdatedWholes.add('zone-proxy')
        this.#outdateIdentities()
        break
      case 'MeshTrust':
      case 'Secret':
        this.#outdateIdentities()
        break
    }
  }

  /** Pure but for the addresses that it takes from the pools and the keys of new authorities. */
  plan(nowMs: number): Plan {
    const { proxy } = this.#options
    for (const [name, endsMs] of this.#graceEndsMs) if (endsMs <= nowMs) this.#outdated.MeshService.add(name)
    const context: PlanContext = { ...this.#options, facts: this.#facts, nowMs }
    const { localServices } = this.#facts
    const writes = [
      ...drain(this.#outdated.MeshService).flatMap((name) => this.#planService(context, name)),
      ...(this.#outdatedWholes.delete('identities') ? planIdentities(context) : []),
      ...drain(this.#outdated.Workload).flatMap((name) => planWorkload(context, name)),
      ...drain(this.#outdated.MeshMultiZoneService).flatMap((name) => planMultiZone(context, name)),
      ...drain(this.#outdated.MeshExternalService).flatMap((name) => planExternal(context, name)),
      ...(this.#outdatedWholes.delete('zone-proxy') && proxy
        ? planZoneProxy({ ...this.#options, ...proxy, localServices })
        : []),
    ]
    const wakes = [...this.#graceEndsMs.values()]
    return { writes, wakeAtMs: wakes.length === 0 ? undefined : Math.min(...wakes) }
  }

  #planService(context: PlanContext, name: string): readonly Write[] {
    const { writes, graceEndsMs } = planService(context, name)
    if (graceEndsMs === undefined) this.#graceEndsMs.delete(name)
    else this.#graceEndsMs.set(name, graceEndsMs)
    return writes
  }

  #changeService(name: string, before: Resource | undefined, after: Resource | undefined): void {
    const { mirror, mesh } = this.#options
    this.#facts.changeService(before, after)
    this.#changeHostnamed('MeshService', name, before, after)
    if (!before || !after || !sameLabels(before.labels, after.labels)) {
      const selects = (multiZone: Resource) =>
        [before, after].some((service) => service && isMember(service, multiZone))
      for (const multiZone of mirror.of(mesh, 'MeshMultiZoneService').values()) {
        if (selects(multiZone)) this.#outdated.MeshMultiZoneService.add(multiZone.name)
      }
    }
    const isExported = (service: Resource | undefined) => service && isLocallyOriginated(service.labels, 'zone')
    if (before?.spec !== after?.spec && (isExported(before) || isExported(after))) {
      this.#outdatedWholes.add('zone-proxy')
    }
  }

  #changeHostnamed(type: HostnamedType, name: string, before: Resource | undefined, after: Resource | undefined): void {
    this.#outdated[type].add(name)
    for (const other of this.#facts.hostnames[type].change(before, after)) this.#outdated[type].add(other)
  }

  /** The services and the Workload that a Dataplane stands behind. */
  #outdateServicesOf(dataplane: Resource): void {
    for (const { name } of this.#facts.localServices.backedBy(dataplane)) this.#outdated.MeshService.add(name)
    const workload = dataplane.labels[LABEL.workload]
    if (workload === undefined) return
    this.#outdated.MeshService.add(workload)
    this.#outdated.Workload.add(workload)
  }

  #outdateHostnamed(): void {
    const { mirror, mesh } = this.#options
    for (const type of HOSTNAMED_TYPES) for (const name of mirror.of(mesh, type).keys()) this.#outdated[type].add(name)
  }

  /** Only services of this zone say who they are; of others' their own zones say it. */
  #outdateIdentities(): void {
    this.#outdatedWholes.add('identities')
    for (const { name } of this.#facts.localServices.all()) this.#outdated.MeshService.add(name)
  }
}

function drain(names: Set<string>): readonly string[] {
  const drained = [...names]
  names.clear()
  return drained
}

function isMember(service: Resource, multiZone: Resource): boolean {
  const wanted = specOf<MeshMultiZoneServiceSpec>(multiZone).selector.meshService.matchLabels ?? {}
  return matchesLabels(service.labels, wanted)
}
