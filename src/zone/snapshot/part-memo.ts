import type { Dependent, Dependents } from './dependents.js'

/** Something that was made, and all that it was made of. */
interface Made extends Dependent {
  readonly value: unknown
  readonly inputs: readonly unknown[]
  stale: boolean
}

/** Who makes something says what keys it hangs on. */
export interface Making<T> {
  readonly value: T
  readonly dependencies: ReadonlySet<string>
}

/**
 * Makes a thing once and again only when it must: a key that it hangs on was touched, or it is made of something else.
 * One that cannot be made stays stale and leaves everything else as it is.
 */
export class PartMemo {
  readonly #dependents: Dependents
  readonly #onStale: () => void
  readonly #made = new Map<string, Made>()
  readonly #used = new Set<string>()

  constructor(dependents: Dependents, onStale: () => void) {
    this.#dependents = dependents
    this.#onStale = onStale
  }

  get<T>(id: string, inputs: readonly unknown[], make: () => Making<T>): T {
    this.#used.add(id)
    const before = this.#made.get(id)
    if (before && !before.stale && same(before.inputs, inputs)) return before.value as T
    const { value, dependencies } = make()
    const made: Made = {
      value,
      inputs,
      dependencies,
      stale: false,
      touched: () => {
        made.stale = true
        this.#onStale()
      },
    }
    if (before) this.#dependents.remove(before)
    this.#dependents.add(made)
    this.#made.set(id, made)
    return value
  }

  /** Forgets what was not asked for since this was last called. */
  forgetUnused(): void {
    for (const [id, made] of this.#made) {
      if (this.#used.has(id)) continue
      this.#dependents.remove(made)
      this.#made.delete(id)
    }
    this.#used.clear()
  }

  forgetAll(): void {
    this.#used.clear()
    this.forgetUnused()
  }

  get dependencies(): ReadonlySet<string> {
    return new Set([...this.#made.values()].flatMap(({ dependencies }) => [...dependencies]))
  }
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((input, index) => input === b[index])
}
