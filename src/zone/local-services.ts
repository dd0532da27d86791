import { LABEL, matchesLabels } from '../model/labels.js'
import { type Resource, specOf } from '../model/resource.js'
import type { MeshServiceSpec } from '../model/specs/mesh-service.js'
import type { DataplaneIndex } from '../policy/dataplane-index.js'

const NONE: ReadonlySet<Resource> = new Set()

/** MeshServices of one mesh and of this zone, found by a Dataplane that backs them without a look at the others. */
export class LocalServices {
  readonly #byName = new Map<string, Resource>()
  /** By one thing that a Dataplane must have to back the service: its name, a label, or nothing at all. */
  readonly #byNeed = new Map<string, Set<Resource>>()

  /** In the place of the one of that name. */
  put(service: Resource): void {
    this.remove(service.name)
    this.#byName.set(service.name, service)
    const need = needOf(service)
    if (need === undefined) return
    const having = this.#byNeed.get(need)
    if (having) having.add(service)
    else this.#byNeed.set(need, new Set([service]))
  }

  remove(name: string): void {
    const service = this.#byName.get(name)
    if (!service) return
    this.#byName.delete(name)
    const need = needOf(service)
    if (need === undefined) return
    const having = this.#byNeed.get(need)
    having?.delete(service)
    if (having?.size === 0) this.#byNeed.delete(need)
  }

  all(): Iterable<Resource> {
    return this.#byName.values()
  }

  backedBy(dataplane: Resource): readonly Resource[] {
    const needs = [ANY, nameNeed(dataplane.name), ...Object.entries(dataplane.labels).map(labelNeed)]
    return needs.flatMap((need) =>
      [...(this.#byNeed.get(need) ?? NONE)].filter((service) => isBackedBy(service, dataplane)),
    )
  }
}

/** The Dataplanes behind a service, by name: the one that it names, else those of its labels; no selector selects none, empty labels all. */
export function backersOf(
  { selector = {} }: Partial<Pick<MeshServiceSpec, 'selector'>>,
  dataplanes: DataplaneIndex,
): readonly Resource[] {
  const { dataplaneRef, dataplaneLabels } = selector
  if (!dataplaneRef) return dataplaneLabels ? dataplanes.having(dataplaneLabels.matchLabels ?? {}) : []
  const named = dataplaneRef.name === undefined ? undefined : dataplanes.named(dataplaneRef.name)
  return named ? [named] : []
}

/** Kuma `meshservice.MatchesDataplane`: by name when it names one, else by labels. */
function isBackedBy(service: Resource, dataplane: Resource): boolean {
  const { dataplaneRef, dataplaneLabels } = specOf<MeshServiceSpec>(service).selector ?? {}
  if (dataplaneRef) return dataplaneRef.name === dataplane.name
  return dataplaneLabels !== undefined && matchesLabels(dataplane.labels, dataplaneLabels.matchLabels ?? {})
}

const ANY = ''

/** Of several labels the workload's, which is what generated services ask for, else any. */
function needOf(service: Resource): string | undefined {
  const { dataplaneRef, dataplaneLabels } = specOf<MeshServiceSpec>(service).selector ?? {}
  if (dataplaneRef) return nameNeed(dataplaneRef.name)
  if (!dataplaneLabels) return undefined
  const wanted = Object.entries(dataplaneLabels.matchLabels ?? {})
  const chosen = wanted.find(([label]) => label === LABEL.workload) ?? wanted[0]
  return chosen ? labelNeed(chosen) : ANY
}

function nameNeed(name: string | undefined): string {
  return `name ${name}`
}

function labelNeed([label, value]: readonly [string, string]): string {
  return `label ${label}=${value}`
}
