import type { Clock } from '../base/clock.js'
import { silentLogger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { computeLabels } from '../model/compute-labels.js'
import { canonicalJson, type JsonObject } from '../model/json.js'
import type { ResourceType } from '../model/registry.js'
import type { ResourceDraft } from '../model/resource.js'
import { DEFAULT_TENANT } from '../model/tenant.js'
import type { Source } from '../protocol/ports.js'
import { MemoryStore } from '../store/memory-store.js'
import type { TenantStore, Write } from '../store/store.js'
import { upRecipe } from '../sync/recipes.js'
import { View } from '../sync/view.js'
import { dataplaneBody, meshServiceSpec } from './dataplane-body.js'
import type { PlannedChurn, PlannedZone } from './plan.js'
import type { PlannedSidecar } from './plan-sidecars.js'

export interface ZoneInventoryOptions {
  readonly mesh: string
  readonly zone: PlannedZone
  /** Nothing of it is ever sent. */
  readonly silent: boolean
  readonly clock: Clock
  readonly random: Random
}

/** Kuma's limit, and ours. */
const MESSAGE_BYTES_MAX = 10_485_760

/**
 * What a light zone has to tell its global: a Dataplane and an insight for each of its sidecars, a MeshService for each
 * of its services. In a store and a view of its own, as a whole zone has them, so that names and versions are the real ones.
 */
export class ZoneInventory {
  readonly #options: ZoneInventoryOptions
  readonly #store: TenantStore
  readonly #view: View
  /** How often each sidecar has been replaced; its name tells. */
  readonly #generations = new Map<number, number>()
  readonly #goneServices = new Set<number>()

  private constructor(options: ZoneInventoryOptions) {
    this.#options = options
    const { clock, random, zone } = options
    this.#store = new MemoryStore({ clock, random, log: silentLogger }).tenant(DEFAULT_TENANT)
    this.#view = new View({
      store: this.#store,
      recipe: upRecipe(zone.name, { skipPrefixes: [] }),
      id: random.uuid().slice(0, 8),
      messageBytesMax: MESSAGE_BYTES_MAX,
      closed: options.silent,
      clock,
      random,
    })
  }

  static async make(options: ZoneInventoryOptions): Promise<ZoneInventory> {
    const inventory = new ZoneInventory(options)
    const { zone } = options
    const sidecars = zone.sidecars.flatMap((sidecar, place) => inventory.#sidecar(sidecar, place))
    const services = zone.sidecars.length === 0 ? [] : zone.services.map((service) => inventory.#service(service))
    if (sidecars.length > 0) await inventory.#store.commit([...sidecars, ...services])
    await inventory.#view.start()
    return inventory
  }

  get source(): Source {
    return this.#view.sourceFor(undefined)
  }

  stop(): void {
    this.#view.stop()
  }

  async churn({ kind, index }: PlannedChurn): Promise<void> {
    const { zone } = this.#options
    const sidecar = zone.sidecars[index]
    if (kind === 'service') await this.#store.commit([this.#toggled(index, zone.services[index] ?? 's1')])
    else if (!sidecar) return
    else if (kind === 'insight') await this.#store.commit([this.#insight(this.#named(sidecar, index))])
    else await this.#replace(sidecar, index)
  }

  async #replace(sidecar: PlannedSidecar, place: number): Promise<void> {
    const { mesh } = this.#options
    const { name } = this.#named(sidecar, place)
    const gone = (type: ResourceType): Write => ({ kind: 'delete', key: { type, mesh, name }, expect: 'any' })
    this.#generations.set(place, (this.#generations.get(place) ?? 0) + 1)
    await this.#store.commit([gone('DataplaneInsight'), gone('Dataplane'), ...this.#sidecar(sidecar, place)])
  }

  #toggled(index: number, service: string): Write {
    const { mesh } = this.#options
    if (this.#goneServices.delete(index)) return this.#service(service)
    this.#goneServices.add(index)
    return { kind: 'delete', key: { type: 'MeshService', mesh, name: service }, expect: 'any' }
  }

  #named(sidecar: PlannedSidecar, place: number): PlannedSidecar {
    const generation = this.#generations.get(place)
    return generation === undefined ? sidecar : { ...sidecar, name: `${sidecar.name}-${generation}` }
  }

  #sidecar(planned: PlannedSidecar, place: number): Write[] {
    const { mesh, zone } = this.#options
    const sidecar = this.#named(planned, place)
    const { labels, type: _type, mesh: _mesh, name, ...spec } = dataplaneBody(mesh, zone, sidecar, place)
    return [this.#put('Dataplane', String(name), labels as Record<string, string>, spec), this.#insight(sidecar)]
  }

  #service(service: string): Write {
    return this.#put('MeshService', service, {}, meshServiceSpec(service))
  }

  #insight({ name }: PlannedSidecar): Write {
    const { clock } = this.#options
    const connectTime = new Date(clock.nowMs()).toISOString()
    const subscription = { id: `${name}-1`, controlPlaneInstanceId: 'load', connectTime, status: { total: {} } }
    return this.#put('DataplaneInsight', name, {}, { subscriptions: [subscription] })
  }

  #put(type: ResourceType, name: string, labels: Record<string, string>, spec: JsonObject): Write {
    const { mesh, zone } = this.#options
    const resource: ResourceDraft = {
      type,
      mesh,
      name,
      labels: computeLabels({ mode: 'zone', zone: zone.name }, { type, mesh, name, labels, spec }),
      spec: canonicalJson(spec),
      status: undefined,
      owner: undefined,
      syncedVersion: undefined,
    }
    return { kind: 'put', resource, expect: 'any' }
  }
}
