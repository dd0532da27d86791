import { AppError } from '../base/errors.js'
import type { Counter, Metrics } from '../base/metrics.js'
import type { ResourceType } from '../model/registry.js'
import { keyText, type Resource, specOf } from '../model/resource.js'
import type { Change, Commit, Listing } from '../store/store.js'
import { encodeEntry } from './entry.js'
import type { Projection, Recipe } from './recipe.js'
import type { Entry, TypeView } from './type-view.js'

/**
 * Where each stored resource goes in a view: what the recipe makes of it, under which name it was sent, and what a
 * disabled zone takes away from the others. Every change touches the resources that it names and no others.
 */
export class Placement {
  readonly #recipe: Recipe
  readonly #types: ReadonlyMap<string, TypeView>
  readonly #encodes: Counter
  /** Where each stored resource went, so that an update that renames or withdraws it is found without a search. */
  readonly #sentAs = new Map<string, { readonly type: ResourceType; readonly name: string }>()
  /** Resources that came from a zone, so that disabling the zone finds them. */
  readonly #byZone = new Map<string, Map<string, Resource>>()
  readonly #disabledZones = new Set<string>()
  readonly #unsendable = new Map<string, string>()

  constructor(recipe: Recipe, types: ReadonlyMap<string, TypeView>, metrics: Metrics) {
    this.#recipe = recipe
    this.#types = types
    this.#encodes = metrics.counter('zonelab_view_encodes_total')
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
    for (const resource of listing.resources) this.#place(resource, 0)
    for (const view of this.#types.values()) view.startAt(listing.head.revision)
  }

  /** The types whose bytes changed for this class. */
  apply(commit: Commit): ReadonlySet<string> {
    const changed = new Set<string>()
    for (const change of commit.changes) this.#applyChange(change, commit.revision, changed)
    return changed
  }

  #applyChange(change: Change, revision: number, changed: Set<string>): void {
    if (change.key.type === 'Zone') this.#applyZone(change, revision, changed)
    if (!this.#types.has(change.key.type)) return
    const type = change.after ? this.#place(change.after, revision) : this.#withdraw(keyText(change.key), revision)
    if (!change.after && change.before) this.#forget(change.before)
    if (type) changed.add(type)
  }

  /** A disabled zone's resources leave the other zones' views and come back when it is enabled; its own view goes on. */
  #applyZone(change: Change, revision: number, changed: Set<string>): void {
    const zone = change.key.name
    const disabled = change.after !== undefined && isDisabled(change.after)
    if (disabled === this.#disabledZones.has(zone)) return
    if (disabled) this.#disabledZones.add(zone)
    else this.#disabledZones.delete(zone)
    for (const resource of this.#byZone.get(zone)?.values() ?? []) {
      const type = this.#place(resource, revision)
      if (type) changed.add(type)
    }
  }

  /** Puts a resource where its class sees it, or withdraws it. Returns the type when bytes changed. */
  #place(resource: Resource, revision: number): ResourceType | undefined {
    const view = this.#types.get(resource.type)
    if (!view) return undefined
    const key = keyText(resource)
    const entry = this.#encode(resource)
    if (!entry) return this.#withdraw(key, revision)
    const before = this.#sentAs.get(key)
    const renamed = before !== undefined && before.name !== entry.name && view.delete(before.name, revision)
    this.#sentAs.set(key, { type: resource.type, name: entry.name })
    return view.put(entry, revision) || renamed ? resource.type : undefined
  }

  /** Undefined: not for this class now. One that cannot be mapped is named and withheld; the others flow (trap 31). */
  #encode(resource: Resource): Entry | undefined {
    try {
      const projection = this.#recipe.project(resource)
      this.#unsendable.delete(keyText(resource))
      if (!projection) return undefined
      if (projection.fromZone !== undefined) this.#rememberOrigin(projection, resource)
      if (projection.fromZone !== undefined && this.#disabledZones.has(projection.fromZone)) return undefined
      this.#encodes.add(1, { resource_type: resource.type })
      return encodeEntry(projection)
    } catch (thrown) {
      this.#unsendable.set(keyText(resource), AppError.from(thrown).message)
      return undefined
    }
  }

  #withdraw(key: string, revision: number): ResourceType | undefined {
    const sent = this.#sentAs.get(key)
    if (!sent) return undefined
    this.#sentAs.delete(key)
    return this.#types.get(sent.type)?.delete(sent.name, revision) ? sent.type : undefined
  }

  #rememberOrigin({ fromZone }: Projection, resource: Resource): void {
    const zone = fromZone as string
    let ofZone = this.#byZone.get(zone)
    if (!ofZone) {
      ofZone = new Map()
      this.#byZone.set(zone, ofZone)
    }
    ofZone.set(keyText(resource), resource)
  }

  #forget(resource: Resource): void {
    if (this.#unsendable.delete(keyText(resource))) return
    const zone = this.#recipe.project(resource)?.fromZone
    if (zone !== undefined) this.#byZone.get(zone)?.delete(keyText(resource))
  }
}

function isDisabled(zone: Resource): boolean {
  return specOf(zone).enabled === false
}
