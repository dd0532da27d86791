import { LABEL, type Labels, matchesLabels } from '../model/labels.js'
import { displayName, type Resource } from '../model/resource.js'
import { selectSections } from './match.js'
import { topTargetRef } from './policy-spec.js'

const NONE: ReadonlySet<Resource> = new Set()

/** The dataplanes of one mesh, found by the labels that policies select them by. */
export class DataplaneIndex {
  readonly #byName = new Map<string, Resource>()
  readonly #all = new Set<Resource>()
  readonly #byLabel = new Map<string, Set<Resource>>()

  put(dataplane: Resource): void {
    this.#byName.set(dataplane.name, dataplane)
    this.#all.add(dataplane)
    for (const label of labelsOf(dataplane)) {
      const having = this.#byLabel.get(label)
      if (having) having.add(dataplane)
      else this.#byLabel.set(label, new Set([dataplane]))
    }
  }

  remove(name: string): void {
    const dataplane = this.#byName.get(name)
    if (!dataplane) return
    this.#byName.delete(name)
    this.#all.delete(dataplane)
    for (const label of labelsOf(dataplane)) {
      const having = this.#byLabel.get(label)
      having?.delete(dataplane)
      if (having?.size === 0) this.#byLabel.delete(label)
    }
  }

  all(): ReadonlySet<Resource> {
    return this.#all
  }

  named(name: string): Resource | undefined {
    return this.#byName.get(name)
  }

  /** Those that have all the labels themselves, by name. */
  having(labels: Labels): readonly Resource[] {
    return [...this.#rarest(labels)]
      .filter((dataplane) => matchesLabels(dataplane.labels, labels))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  selectedBy(policy: Resource): readonly Resource[] {
    const { kind, labels = {} } = topTargetRef(policy)
    const candidates = kind === 'Dataplane' ? this.#rarest(labels) : this.#all
    return [...candidates].filter((dataplane) => selectSections(policy, dataplane).selected)
  }

  /** Those that have the rarest of the labels; all, where there is none. */
  #rarest(labels: Labels): ReadonlySet<Resource> {
    let candidates: ReadonlySet<Resource> = this.#all
    for (const label of Object.entries(labels).map(labelText)) {
      const having = this.#byLabel.get(label) ?? NONE
      if (having.size < candidates.size) candidates = having
    }
    return candidates
  }
}

/** As policies see them: every dataplane has a display name. */
function labelsOf(dataplane: Resource): readonly string[] {
  return Object.entries({ ...dataplane.labels, [LABEL.displayName]: displayName(dataplane) }).map(labelText)
}

function labelText([label, value]: readonly [string, string]): string {
  return `${label}=${value}`
}
