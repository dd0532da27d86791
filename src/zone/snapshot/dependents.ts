/** What was made from answers that hang on keys, and is to be made anew when one of them is touched. */
export interface Dependent {
  readonly dependencies: ReadonlySet<string>
  touched(): void
}

/** Finds those who hang on a key. */
export class Dependents {
  readonly #byKey = new Map<string, Set<Dependent>>()

  add(dependent: Dependent): void {
    for (const key of dependent.dependencies) {
      const hanging = this.#byKey.get(key)
      if (hanging) hanging.add(dependent)
      else this.#byKey.set(key, new Set([dependent]))
    }
  }

  remove(dependent: Dependent): void {
    for (const key of dependent.dependencies) {
      const hanging = this.#byKey.get(key)
      hanging?.delete(dependent)
      if (hanging?.size === 0) this.#byKey.delete(key)
    }
  }

  touch(keys: Iterable<string>): void {
    for (const key of keys) for (const dependent of this.#byKey.get(key) ?? []) dependent.touched()
  }
}
