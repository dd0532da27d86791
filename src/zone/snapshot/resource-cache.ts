import { type EnvoyJson, type EnvoyKind, type EnvoyResource, encodeEnvoy } from '../../wire/envoy-codec.js'

/**
 * Each distinct resource is built and encoded once, whoever asks. A resource is a pure function of a small input, and
 * the input's text is the key; what is large in it (sets of endpoints) is stood for by `identity`.
 */
export class ResourceCache {
  readonly #entries = new Map<string, EnvoyResource>()
  readonly #identities = new WeakMap<object, number>()
  readonly #max: number
  #nextIdentity = 1
  #encodes = 0

  constructor(max = RESOURCES_MAX) {
    this.#max = max
  }

  /** What is built depends on kind, name and input alone; `input` has its members in one fixed order and is no secret. */
  get<K extends EnvoyKind>(kind: K, name: string, input: object, build: () => EnvoyJson<K>): EnvoyResource {
    const key = `${kind} ${name} ${JSON.stringify(input)}`
    let resource = this.#entries.get(key)
    if (resource === undefined) {
      resource = encodeEnvoy(kind, name, build())
      this.#encodes += 1
      if (this.#entries.size >= this.#max) this.#dropOldest()
    } else {
      this.#entries.delete(key)
    }
    this.#entries.set(key, resource)
    return resource
  }

  /** A number that stands for this very object as long as it lives. */
  identity(object: object): number {
    let identity = this.#identities.get(object)
    if (identity === undefined) {
      identity = this.#nextIdentity++
      this.#identities.set(object, identity)
    }
    return identity
  }

  /** How many resources have been encoded since the start. */
  get encodes(): number {
    return this.#encodes
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}

/** Several resources for each of 10,000 sidecars. What is dropped is encoded again, to the same bytes and version. */
const RESOURCES_MAX = 50_000
