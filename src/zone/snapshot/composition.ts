import type { EnvoyKind, EnvoyResource } from '../../wire/envoy-codec.js'
import type { Note, Part, PartResource } from './part.js'

/** All that one sidecar is to have, by name. Routes are inline in the listeners. */
export interface Snapshot {
  readonly clusters: ReadonlyMap<string, EnvoyResource>
  readonly endpoints: ReadonlyMap<string, EnvoyResource>
  readonly listeners: ReadonlyMap<string, EnvoyResource>
  readonly secrets: ReadonlyMap<string, EnvoyResource>
  readonly notes: readonly Note[]
}

/** Parts put together, the first first: a name is had once, and an address is listened on once. */
export class Composition {
  readonly #resources: Readonly<Record<EnvoyKind, Map<string, EnvoyResource>>> = {
    cluster: new Map(),
    endpoint: new Map(),
    listener: new Map(),
    secret: new Map(),
  }
  readonly #notes: Note[] = []
  /** Names by address, by port: an address of its own costs no look at the others. */
  readonly #listening = new Map<number, Map<string, string>>()

  add({ resources, notes }: Part): void {
    this.#notes.push(...notes)
    for (const { kind, resource, at } of resources) {
      if (at) this.#listen(resource, at)
      else if (!this.#resources[kind].has(resource.name)) this.#resources[kind].set(resource.name, resource)
    }
  }

  note(notes: readonly Note[]): void {
    this.#notes.push(...notes)
  }

  get snapshot(): Snapshot {
    const { cluster, endpoint, listener, secret } = this.#resources
    return { clusters: cluster, endpoints: endpoint, listeners: listener, secrets: secret, notes: this.#notes }
  }

  /** Two listeners on one address make Envoy refuse the second, so it is left out here and noted. */
  #listen(resource: EnvoyResource, { address, port }: NonNullable<PartResource['at']>): void {
    const { name } = resource
    const onPort = this.#listening.get(port) ?? new Map<string, string>()
    const other = takenBy(onPort, address)
    if (other || this.#resources.listener.has(name)) {
      const reason = other ? `${address}:${port} is taken by ${other}` : 'the proxy has an outbound to it already'
      this.#notes.push({ about: name, reason })
      return
    }
    this.#listening.set(port, onPort.set(address, name))
    this.#resources.listener.set(name, resource)
  }
}

const WILDCARDS = ['0.0.0.0', '::']

/** A wildcard takes every address of its port, and is taken by any. */
function takenBy(onPort: ReadonlyMap<string, string>, address: string): string | undefined {
  if (WILDCARDS.includes(address)) return onPort.values().next().value
  return [address, ...WILDCARDS].map((taken) => onPort.get(taken)).find((name) => name !== undefined)
}
