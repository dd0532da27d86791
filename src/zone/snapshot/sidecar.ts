import type { JsonObject } from '../../model/json.js'
import { LABEL } from '../../model/labels.js'
import { kriOf } from '../../model/naming.js'
import type { ResourceType } from '../../model/registry.js'
import { keyText, type Resource } from '../../model/resource.js'
import type { Depend } from '../../policy/destinations.js'
import type { MatchedPolicies } from '../../policy/matched-policies.js'
import { type Destination, ownToRule, type ToRule, toRule } from '../../policy/to-rules.js'
import type { EnvoyJson, EnvoyKind, EnvoyResource } from '../../wire/envoy-codec.js'
import { loadAssignment, type Viewpoint } from './endpoints.js'
import type { EndpointSets, MeshContext } from './mesh-context.js'
import type { ResourceCache } from './resource-cache.js'
import type { WorkloadIdentity } from './tls.js'

/** Something in a snapshot that a person may wonder about: an outbound without a way, a listener that had to be left out. */
export interface Note {
  readonly about: string
  readonly reason: string
}

/**
 * One dataplane's snapshot while it is made: what the makers of its parts ask, and where they put what they made.
 * A name is put once; an address is listened on once.
 */
export class Sidecar {
  readonly context: MeshContext
  readonly dataplane: Resource
  readonly identity: WorkloadIdentity | undefined
  readonly resources: Readonly<Record<EnvoyKind, Map<string, EnvoyResource>>> = {
    cluster: new Map(),
    endpoint: new Map(),
    listener: new Map(),
    secret: new Map(),
  }
  readonly notes: Note[] = []
  readonly dependencies = new Set<string>()
  readonly depend: Depend = (key) => this.dependencies.add(key)
  readonly #cache: ResourceCache
  readonly #policies = new Map<ResourceType, MatchedPolicies>()
  readonly #listening: { readonly address: string; readonly port: number; readonly name: string }[] = []

  constructor(context: MeshContext, dataplane: Resource, cache: ResourceCache) {
    this.context = context
    this.dataplane = dataplane
    this.#cache = cache
    this.depend(keyText(dataplane))
    this.identity = context.identity(dataplane, this.depend)
  }

  /** False when the name is there already. */
  has(kind: EnvoyKind, name: string): boolean {
    return this.resources[kind].has(name)
  }

  /** What is built depends on kind, name and input alone: that is how it is shared with other sidecars. */
  put<K extends EnvoyKind, I extends object>(
    kind: K,
    name: string,
    input: I,
    build: (name: string, input: I) => EnvoyJson<K>,
  ): void {
    const resource = this.#cache.get(kind, name, input, () => build(name, input))
    this.resources[kind].set(name, resource)
  }

  /** The sets are stood for by their identity: their text may be thousands of addresses long. */
  putEndpoints(name: string, sets: EndpointSets, viewpoint: Viewpoint): void {
    const input = { sets: sets.map((set) => this.#cache.identity(set)), viewpoint }
    this.put('endpoint', name, input, () => loadAssignment(name, sets.flat(), viewpoint))
  }

  /** Two listeners on one address make Envoy refuse the second, so it is left out here and noted. */
  listen<I extends { readonly address: string; readonly port: number; readonly bind?: boolean }>(
    name: string,
    input: I,
    build: (name: string, input: I) => EnvoyJson<'listener'>,
  ): void {
    const { address, port } = input
    const other = this.#listening.find((taken) => taken.port === port && overlap(taken.address, address))
    if (other || this.has('listener', name)) {
      const reason = other ? `${address}:${port} is taken by ${other.name}` : 'the proxy has an outbound to it already'
      this.notes.push({ about: name, reason })
      return
    }
    this.#listening.push({ address, port, name })
    this.put('listener', name, input, build)
  }

  identityOf(object: object): number {
    return this.#cache.identity(object)
  }

  policies(type: ResourceType): MatchedPolicies {
    let matched = this.#policies.get(type)
    if (!matched) {
      matched = this.context.policies(type, this.dataplane)
      this.#policies.set(type, matched)
    }
    return matched
  }

  toRule(type: ResourceType, destination: Destination): ToRule | undefined {
    return toRule(this.policies(type).to, destination)
  }

  /** The conf for a destination; empty when no policy says anything. */
  toConf<Conf extends object>(type: ResourceType, destination: Destination): Conf {
    return (this.toRule(type, destination)?.conf ?? ({} as JsonObject)) as Conf
  }

  /** The conf of a policy that speaks of the route itself. */
  routeConf<Conf extends object>(type: ResourceType, route: Resource | undefined): Conf | undefined {
    const rule = route && ownToRule(this.policies(type).to, { resource: route, section: '' })
    return rule?.conf as Conf | undefined
  }

  kri(resource: Resource, section: string): string {
    return kriOf(resource, section) ?? ''
  }

  /** The proxy's values of some of its labels; the zone is known even when no label says it. */
  labels(keys: readonly string[]): Readonly<Record<string, string>> {
    const labels: Record<string, string> = { [LABEL.zone]: this.context.zone, ...this.dataplane.labels }
    return Object.fromEntries(keys.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])))
  }
}

const WILDCARDS = new Set(['0.0.0.0', '::'])

function overlap(a: string, b: string): boolean {
  return a === b || WILDCARDS.has(a) || WILDCARDS.has(b)
}
