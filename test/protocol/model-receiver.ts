import type { Outcome, ReceivedBatch, Sink } from '../../src/protocol/ports.js'

/** A sink that holds versions, takes its time, and refuses what the test tells it to. It notes what must never happen. */
export class Receiver implements Sink<string> {
  readonly violations: string[] = []
  readonly #held: Map<string, Map<string, string>>
  /** Newest version ever applied, by type and name: a receiver never goes back. */
  readonly #newest = new Map<string, number>()
  readonly #onlyNames = new Map<string, readonly string[]>()
  #refused = new Set<string>()
  #namesAtSource: ReadonlySet<string> = new Set()
  #pending: { batch: ReceivedBatch<string>; conclude: (outcome: Outcome) => void } | undefined

  constructor(types: readonly string[]) {
    this.#held = new Map(types.map((type) => [type, new Map()]))
  }

  get isApplying(): boolean {
    return this.#pending !== undefined
  }

  /** `type name@version` of what was refused and is still lacking. */
  get refused(): readonly string[] {
    return [...this.#refused]
  }

  held(type: string): Record<string, string> {
    return Object.fromEntries(this.#of(type))
  }

  versions(type: string): ReadonlyMap<string, string> {
    return new Map(this.#of(type))
  }

  keepOnly(type: string, names: readonly string[]): void {
    this.#onlyNames.set(type, names)
    for (const name of this.#of(type).keys()) if (!names.includes(name)) this.#of(type).delete(name)
  }

  /** What the source held when it sent what comes now. */
  receiving(namesAtSource: ReadonlySet<string>): void {
    this.#namesAtSource = namesAtSource
  }

  apply(batch: ReceivedBatch<string>): Promise<Outcome> {
    if (this.#pending) this.violations.push('two batches of a stream are applied at once')
    return new Promise((conclude) => {
      this.#pending = { batch, conclude }
    })
  }

  /** Ends the batch in hand, refusing some of it; `false` if there is none. */
  conclude(refuses: (name: string) => boolean): boolean {
    const pending = this.#pending
    if (!pending) return false
    this.#pending = undefined
    pending.conclude(this.#take(pending.batch, refuses))
    return true
  }

  /** Our own trouble: nothing of the batch is applied. */
  fail(): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.conclude({ kind: 'failed', detail: 'disk full' })
  }

  #take({ type, wholeTruth, resources, removed }: ReceivedBatch<string>, refuses: (name: string) => boolean): Outcome {
    const held = this.#of(type)
    const wanted = (name: string) => this.#onlyNames.get(type)?.includes(name) ?? true
    const refusals = []
    for (const { name, version } of resources) {
      this.#refused = new Set(this.refused.filter((refused) => !refused.startsWith(`${type} ${name}@`)))
      if (!wanted(name)) continue
      if (refuses(name)) {
        refusals.push({ name, version, reason: `${name} is bad` })
        this.#refused.add(`${type} ${name}@${version}`)
      } else this.#set(type, name, version)
    }
    const present = new Set(resources.map(({ name }) => name))
    const lacking = wholeTruth ? [...held.keys()].filter((name) => !present.has(name)) : []
    for (const name of [...removed, ...lacking]) this.#delete(type, name)
    return refusals.length > 0 ? { kind: 'refused', refusals } : { kind: 'applied' }
  }

  #set(type: string, name: string, version: string): void {
    const key = `${type} ${name}`
    if (Number(version) < (this.#newest.get(key) ?? 0)) this.violations.push(`${key} goes back to ${version}`)
    this.#newest.set(key, Number(version))
    this.#of(type).set(name, version)
  }

  #delete(type: string, name: string): void {
    if (this.#of(type).has(name) && this.#namesAtSource.has(`${type} ${name}`))
      this.violations.push(`${type} ${name} is deleted while the source holds it`)
    this.#of(type).delete(name)
    this.#refused = new Set(this.refused.filter((refused) => !refused.startsWith(`${type} ${name}@`)))
  }

  #of(type: string): Map<string, string> {
    return this.#held.get(type) ?? new Map()
  }
}
