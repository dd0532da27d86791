import { type EnvoyJson, type EnvoyKind, type EnvoyResource, encodeEnvoy } from '../../wire/envoy-codec.js'

/** Builds one kind of resource of its name and input, and of nothing else. */
export type BuildResource<K extends EnvoyKind, I extends object> = (name: string, input: I) => EnvoyJson<K>

/**
 * Each distinct resource is built and encoded once, whoever asks. Inputs are plain data and told apart by what is in
 * them; what is shared between them (confs, sets of endpoints, secrets) by which object it is.
 */
export class ResourceCache {
  readonly #entries = new Map<string, EnvoyResource>()
  readonly #numbers = new WeakMap<object, number>()
  readonly #max: number
  #nextNumber = 1
  #encodes = 0

  constructor(max = RESOURCES_MAX) {
    this.#max = max
  }

  get<K extends EnvoyKind, I extends object>(
    kind: K,
    name: string,
    input: I,
    build: BuildResource<K, I>,
  ): EnvoyResource {
    const key = `${this.#numberOf(build)} ${name} ${this.#text(input)}`
    let resource = this.#entries.get(key)
    if (resource === undefined) {
      resource = encodeEnvoy(kind, name, build(name, input))
      this.#encodes += 1
      if (this.#entries.size >= this.#max) this.#dropOldest()
    } else {
      this.#entries.delete(key)
    }
    this.#entries.set(key, resource)
    return resource
  }

  /** From now on nobody looks into the object: another one is another input, whatever it holds. It must not change. */
  shared<T extends object>(object: T): T {
    this.#numberOf(object)
    return object
  }

  /** How many resources have been encoded since the start. */
  get encodes(): number {
    return this.#encodes
  }

  /** Equal for equal inputs and for no others: names of members are in it, and lengths of texts. */
  #text(value: unknown): string {
    if (typeof value === 'string') return `${value.length}:${value}`
    if (typeof value !== 'object' || value === null) return String(value)
    const number = this.#numbers.get(value)
    if (number !== undefined) return `#${number}`
    let text = Array.isArray(value) ? '[' : '{'
    for (const [member, content] of Object.entries(value)) text += `${member}=${this.#text(content)};`
    return `${text}}`
  }

  #numberOf(object: object): number {
    let number = this.#numbers.get(object)
    if (number === undefined) {
      number = this.#nextNumber++
      this.#numbers.set(object, number)
    }
    return number
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}

/** Several resources for each of 10,000 sidecars. What is dropped is encoded again, to the same bytes and version. */
const RESOURCES_MAX = 50_000
