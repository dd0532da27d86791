import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Metrics } from '../base/metrics.js'
import type { ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceKey, specOf } from '../model/resource.js'
import type { Change, Commit, Listing } from '../store/store.js'
import { encodeEntry } from './entry.js'
import type { Recipe } from './recipe.js'
import type { Entry, TypeView } from './type-view.js'

/** Where it is told that a change was encoded. */
export interface PlacementHops {
  readonly hops: Hops
  readonly tenant: string
  readonly clock: Clock
}

/**
 * Where each stored resource goes in a view: what the recipe makes of it, under which name it was sent, and what a
 * disabled zone takes away from the others. Every change touches the resources that it names and no others.
 */
export class Placement {
  readonly #recipe: Recipe
  readonly #types: ReadonlyMap<string, TypeView>
  readonly #metrics: Metrics
  readonly #hops: PlacementHops | undefined
  /** Where each stored resource went, so that an update that renames or withdraws it is found without a search. */
  readonly #sentAs = new Map<string, { readonly type: ResourceType; readonly name: string }>()
  /** Resources that came from a zone, so that disabling the zone finds them. */
  readonly #byZone = new Map<string, Map<string, Resource>>()
  /** The zone under which `byZone` has a resource. */
  readonly #zoneOf = new Map<string, string>()
  readonly #disabledZones = new Set<string>()
  readonly #unsendable = new Map<string, string>()

  constructor(recipe: Recipe, types: ReadonlyMap<string, TypeView>, metrics: Metrics, hops?: PlacementHops) {
    this.#recipe = recipe
    this.#types = types
    this.#metrics = metrics
    this.#hops = hops
  }

  /** Resources that cannot be sent to this class, by key, with why. */
  get unsendable(): ReadonlyMap<string, string> {
    return this.#unsendable
  }

  /** The first complete read: what it holds has no history before it. */
  fill(listing: Listing): void {
    for (const resource of listing.resources) {
      if (resource.type === 'Zone' && isDisabled(resource)) this.#disabledZones.add(resource.name)
    }
    const changed = new Set<string>()
    for (const resource of listing.resources) this.#place(resource, 0, changed)
    for (const view of this.#types.values()) view.startAt(listing.head.revision)
  }

  /** The types whose bytes changed for this class. */
  apply(commit: Commit): ReadonlySet<string> {
    const changed = new Set<string>()
    for (const change of commit.changes) this.#applyChange(change, commit.revision, changed)
    return changed
  }

  #applyChange({ key, after }: Change, revision: number, changed: Set<string>): void {
    if (key.type === 'Zone') this.#applyZone(key.name, after, revision, changed)
    if (!this.#types.has(key.type)) return
    if (after) {
      this.#placeChanged(after, revision, changed)
      return
    }
    this.#forgetOrigin(key)
    this.#unsendable.delete(keyText(key))
    this.#withdraw(key, revision, changed)
  }

  /** A disabled zone's resources leave the other zones' views and come back when it is enabled; its own view goes on. */
  #applyZone(zone: string, after: Resource | undefined, revision: number, changed: Set<string>): void {
    const disabled = after !== undefined && isDisabled(after)
    if (disabled === this.#disabledZones.has(zone)) return
    if (disabled) this.#disabledZones.add(zone)
    else this.#disabledZones.delete(zone)
    for (const resource of [...(this.#byZone.get(zone)?.values() ?? [])])
      this.#placeChanged(resource, revision, changed)
  }

  /** Tells how long it took to make the bytes that the class is sent, if anybody reads. A first read follows no write. */
  #placeChanged(resource: Resource, revision: number, changed: Set<string>): void {
    if (!this.#hops?.hops.readsOf(this.#hops.tenant)) {
      this.#place(resource, revision, changed)
      return
    }
    const { hops, tenant, clock } = this.#hops
    const beganMs = clock.monotonicMs()
    const entry = this.#place(resource, revision, changed)
    if (!entry) return
    const { name, version } = entry
    const tookMs = clock.monotonicMs() - beganMs
    hops.emit({ hop: 'kds-encoded', tenant, peer: undefined, type: resource.type, name, version, tookMs })
  }

  /** Puts a resource where its class sees it, or withdraws it. Undefined: the class has no new bytes of it. */
  #place(resource: Resource, revision: number, changed: Set<string>): Entry | undefined {
    const view = this.#types.get(resource.type)
    if (!view) return undefined
    const entry = this.#encode(resource)
    const before = this.#sentAs.get(keyText(resource))
    if (before !== undefined && before.name !== entry?.name) this.#withdraw(resource, revision, changed)
    if (!entry) return undefined
    this.#sentAs.set(keyText(resource), { type: resource.type, name: entry.name })
    if (!view.put(entry, revision)) return undefined
    changed.add(resource.type)
    return entry
  }

  /** Undefined: not for this class now. One that cannot be mapped is named and withheld; the others flow (trap 31). */
  #encode(resource: Resource): Entry | undefined {
    const key = keyText(resource)
    this.#unsendable.delete(key)
    this.#forgetOrigin(resource)
    try {
      const projection = this.#recipe.project(resource)
      if (projection?.fromZone !== undefined) this.#rememberOrigin(resource, projection.fromZone)
      if (!projection) return undefined
      if (projection.fromZone !== undefined && this.#disabledZones.has(projection.fromZone)) return undefined
      this.#metrics.counter('zonelab_view_encodes_total', { resource_type: resource.type }).add(1)
      return encodeEntry(projection)
    } catch (thrown) {
      this.#unsendable.set(key, AppError.from(thrown).message)
      return undefined
    }
  }

  #withdraw(key: ResourceKey, revision: number, changed: Set<string>): void {
    const sent = this.#sentAs.get(keyText(key))
    if (!sent) return
    this.#sentAs.delete(keyText(key))
    if (this.#types.get(sent.type)?.delete(sent.name, revision)) changed.add(sent.type)
  }

  /** The newest body is kept, and only while it comes from that zone: an older one must not come back with its zone. */
  #rememberOrigin(resource: Resource, zone: string): void {
    let ofZone = this.#byZone.get(zone)
    if (!ofZone) {
      ofZone = new Map()
      this.#byZone.set(zone, ofZone)
    }
    ofZone.set(keyText(resource), resource)
    this.#zoneOf.set(keyText(resource), zone)
  }

  #forgetOrigin(key: ResourceKey): void {
    const zone = this.#zoneOf.get(keyText(key))
    if (zone === undefined) return
    this.#zoneOf.delete(keyText(key))
    this.#byZone.get(zone)?.delete(keyText(key))
  }
}

function isDisabled(zone: Resource): boolean {
  return specOf(zone).enabled === false
}
