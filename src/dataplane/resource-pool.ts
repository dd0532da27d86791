import { AppError } from '../base/errors.js'
import type { DeltaResource } from '../protocol/messages.js'
import type { EnvoyKind } from '../wire/envoy-codec.js'
import type { AnyValue } from '../wire/spec-codec.js'
import { type References, referencesOf } from './references.js'

/** One version of one resource as it came, once in memory whichever proxies hold it. */
export interface PooledResource {
  readonly kind: EnvoyKind
  readonly name: string
  readonly version: string
  readonly typeUrl: string
  readonly bytes: Uint8Array
  /** What was read of it, or why Envoy would refuse it in itself. */
  readonly content: Content
}

export type Content =
  | { readonly kind: 'sound'; readonly references: References }
  | { readonly kind: 'broken'; readonly reason: string }

interface Entry {
  readonly resource: PooledResource
  users: number
}

/** The resources of all proxies of a process, by name and version; each is copied out of its message and read once. */
export class ResourcePool {
  readonly #entries = new Map<string, Entry>()

  /** To be given back by `release`. */
  take(kind: EnvoyKind, received: DeltaResource<AnyValue>): PooledResource {
    const key = keyOf(kind, received)
    const entry = this.#entries.get(key)
    if (!entry) {
      const resource = read(kind, received)
      this.#entries.set(key, { resource, users: 1 })
      return resource
    }
    // Versions are the server's word; one that names two contents by one version must not make proxies share either.
    if (!sameBytes(entry.resource.bytes, received.payload.value)) return read(kind, received)
    entry.users += 1
    return entry.resource
  }

  release(resource: PooledResource): void {
    const key = keyOf(resource.kind, resource)
    const entry = this.#entries.get(key)
    if (entry?.resource !== resource) return
    entry.users -= 1
    if (entry.users === 0) this.#entries.delete(key)
  }

  get size(): number {
    return this.#entries.size
  }
}

function keyOf(kind: EnvoyKind, { name, version }: { readonly name: string; readonly version: string }): string {
  return `${kind} ${version} ${name}`
}

function read(kind: EnvoyKind, { name, version, payload }: DeltaResource<AnyValue>): PooledResource {
  const { typeUrl } = payload
  // The received bytes are a part of the whole message, which they would keep alive.
  const bytes = Uint8Array.from(payload.value)
  return { kind, name, version, typeUrl, bytes, content: contentOf(kind, name, typeUrl, bytes) }
}

function contentOf(kind: EnvoyKind, name: string, typeUrl: string, bytes: Uint8Array): Content {
  try {
    return { kind: 'sound', references: referencesOf(kind, name, typeUrl, bytes) }
  } catch (thrown) {
    return { kind: 'broken', reason: AppError.from(thrown).message }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
