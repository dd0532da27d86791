import type { Next, Removals, Since, Source, Subscription } from '../protocol/ports.js'

/**
 * A source that is known only after the peer's first message: which view a zone reads depends on the features that
 * its first request states. Until `bind` it has nothing ready.
 */
export class LazySource implements Source {
  readonly #listeners = new Set<(types: readonly string[]) => void>()
  #source: Source | undefined
  #unsubscribe: () => void = () => {}

  bind(source: Source): void {
    if (this.#source) return
    this.#source = source
    this.#unsubscribe = source.onChange((types) => {
      for (const listener of this.#listeners) listener(types)
    })
  }

  next(type: string, subscription: Subscription, since: Since, removals: Removals): Next {
    return this.#source?.next(type, subscription, since, removals) ?? { kind: 'not-ready' }
  }

  onChange(listener: (types: readonly string[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  unbind(): void {
    this.#unsubscribe()
  }
}
