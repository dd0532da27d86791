import { type EnvoyJson, type EnvoyKind, type EnvoyResource, encodeEnvoy } from '../../wire/envoy-codec.js'

/** Builds one kind of resource of its name and input, and of nothing else. */
export type BuildResource<K extends EnvoyKind, I extends object> = (name: string, input: I) => EnvoyJson<K>

/**
 * Each distinct resource is built and encoded once, whoever asks, and forgotten when nobody has it any more. Inputs are
 * plain data and told apart by what is in them; what is shared between them (confs, sets of endpoints, secrets) by which
 * object it is.
 */
export class ResourceCache {
  readonly #entries = new Map<string, WeakRef<EnvoyResource>>()
  readonly #gone = new FinalizationRegistry((key: string) => this.#forget(key))
  readonly #numbers = new WeakMap<object, number>()
  #nextNumber = 1
  #encodes = 0

  get<K extends EnvoyKind, I extends object>(
    kind: K,
    name: string,
    input: I,
    build: BuildResource<K, I>,
  ): EnvoyResource {
    const key = `${this.#numberOf(build)} ${name} ${this.#text(input)}`
    const known = this.#entries.get(key)?.deref()
    if (known) return known
    const resource = encodeEnvoy(kind, name, build(name, input))
    this.#encodes += 1
    this.#entries.set(key, new WeakRef(resource))
    this.#gone.register(resource, key)
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
    for (const member in value) text += `${member}=${this.#text(value[member as keyof object])};`
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

  /** Unless it was made again before the collector told. */
  #forget(key: string): void {
    if (this.#entries.get(key)?.deref() === undefined) this.#entries.delete(key)
  }
}
