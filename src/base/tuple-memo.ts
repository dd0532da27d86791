/** Remembers one value for a tuple of objects, told apart by identity, for as long as all of them live. */
export class TupleMemo<V> {
  /** Of longer tuples, by the object that comes next. */
  #longer: WeakMap<object, TupleMemo<V>> | undefined
  #made: { readonly value: V } | undefined

  get(tuple: readonly object[], make: () => V): V {
    let memo: TupleMemo<V> = this
    for (const object of tuple) memo = memo.#after(object)
    memo.#made ??= { value: make() }
    return memo.#made.value
  }

  #after(object: object): TupleMemo<V> {
    this.#longer ??= new WeakMap()
    let memo = this.#longer.get(object)
    if (!memo) {
      memo = new TupleMemo()
      this.#longer.set(object, memo)
    }
    return memo
  }
}
