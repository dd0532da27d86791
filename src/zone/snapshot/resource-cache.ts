import { type EnvoyJson, type EnvoyKind, type EnvoyResource, encodeEnvoy } from '../../wire/envoy-codec.js'

/** Builds one kind of resource of its name and input, and of nothing else. */
export type BuildResource<K extends EnvoyKind, I extends object> = (name: string, input: I) => EnvoyJson<K>

/**
 * Each distinct resource is built and encoded once, whoever asks, and forgotten when nobody has it any more. Inputs are
 * plain data and told apart by what is in them; what is shared between them (confs, sets of endpoints, secrets) by which
 * object it is.
 */
export class ResourceCache {
  /** What was asked for last, by maker and name: most sidecars have one and the same, which costs a comparison and no text. */
  readonly #latest = new Map<string, { readonly input: object; readonly resource: WeakRef<EnvoyResource> }>()
  readonly #entries = new Map<string, WeakRef<EnvoyResource>>()
  readonly #gone = new FinalizationRegistry(({ key, place }: { key: string; place: string }) =>
    this.#forget(key, place),
  )
  readonly #numbers = new WeakMap<object, number>()
  #nextNumber = 1
  #encodes = 0

  get<K extends EnvoyKind, I extends object>(
    kind: K,
    name: string,
    input: I,
    build: BuildResource<K, I>,
  ): EnvoyResource {
    const place = `${this.#numberOf(build)} ${name}`
    const latest = this.#latest.get(place)
    const same = latest && this.#equal(latest.input, input) ? latest.resource.deref() : undefined
    if (same) return same
    const key = `${place} ${this.#text(input)}`
    let resource = this.#entries.get(key)?.deref()
    if (!resource) {
      resource = encodeEnvoy(kind, name, build(name, input))
      this.#encodes += 1
      this.#entries.set(key, new WeakRef(resource))
      this.#gone.register(resource, { key, place })
    }
    this.#latest.set(place, { input, resource: new WeakRef(resource) })
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

  /** Whether the text would be equal. */
  #equal(a: unknown, b: unknown): boolean {
    if (a === b) return true
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
    if (this.#numbers.has(a) || this.#numbers.has(b) || Array.isArray(a) !== Array.isArray(b)) return false
    const members = Object.keys(a)
    const others = Object.keys(b)
    if (members.length !== others.length) return false
    return members.every(
      (member, index) => member === others[index] && this.#equal(a[member as keyof object], b[member as keyof object]),
    )
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
  #forget(key: string, place: string): void {
    if (this.#entries.get(key)?.deref() === undefined) this.#entries.delete(key)
    if (this.#latest.get(place)?.resource.deref() === undefined) this.#latest.delete(place)
  }
}
