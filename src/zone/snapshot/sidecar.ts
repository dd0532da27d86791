import type { JsonObject } from '../../model/json.js'
import { LABEL } from '../../model/labels.js'
import { kriOf } from '../../model/naming.js'
import type { ResourceType } from '../../model/registry.js'
import type { Resource } from '../../model/resource.js'
import type { Depend } from '../../policy/destinations.js'
import { catchAllConf, type InboundRule } from '../../policy/inbound-rules.js'
import { type Destination, ownToRule, type ToRule, toRule } from '../../policy/to-rules.js'
import type { EnvoyKind } from '../../wire/envoy-codec.js'
import type { MeshContext } from './mesh-context.js'
import type { PartResource } from './part.js'
import type { BuildResource, ResourceCache } from './resource-cache.js'
import type { WorkloadIdentity } from './tls.js'

/** One dataplane as the maker of one part sees it. Every answer hangs on keys, which are the part's dependencies. */
export class Sidecar {
  readonly context: MeshContext
  readonly dataplane: Resource
  readonly identity: WorkloadIdentity | undefined
  readonly dependencies = new Set<string>()
  readonly depend: Depend = (key) => this.dependencies.add(key)
  readonly #cache: ResourceCache

  constructor(context: MeshContext, dataplane: Resource, identity: WorkloadIdentity | undefined, cache: ResourceCache) {
    this.context = context
    this.dataplane = dataplane
    this.identity = identity
    this.#cache = cache
  }

  /** What is built depends on name and input alone: that is how it is shared with other sidecars. */
  resource<K extends EnvoyKind, I extends object>(
    kind: K,
    name: string,
    input: I,
    build: BuildResource<K, I>,
  ): PartResource {
    return { kind, resource: this.#cache.get(kind, name, input, build) }
  }

  listener<I extends { readonly address: string; readonly port: number }>(
    name: string,
    input: I,
    build: BuildResource<'listener', I>,
  ): PartResource {
    return { ...this.resource('listener', name, input, build), at: { address: input.address, port: input.port } }
  }

  /** For an input that is told apart by which object it is. */
  shared<T extends object>(object: T): T {
    return this.#cache.shared(object)
  }

  toRule(type: ResourceType, destination: Destination): ToRule | undefined {
    return toRule(this.context.toEntries(type, this.dataplane, this.depend), destination)
  }

  /** The conf for a destination; undefined when no policy says anything. */
  toConf<Conf extends object>(type: ResourceType, destination: Destination): Conf | undefined {
    return this.#conf(this.toRule(type, destination)?.conf)
  }

  /** The conf of a policy that speaks of the route itself. */
  routeConf<Conf extends object>(type: ResourceType, route: Resource | undefined): Conf | undefined {
    const rule =
      route && ownToRule(this.context.toEntries(type, this.dataplane, this.depend), { resource: route, section: '' })
    return this.#conf(rule?.conf)
  }

  inboundRules(type: ResourceType, section: string): readonly InboundRule[] {
    return this.context.inboundRules(type, this.dataplane, section, this.depend)
  }

  /** The conf for all traffic to an inbound; undefined when no policy says anything. */
  inboundConf<Conf extends object>(type: ResourceType, section: string): Conf | undefined {
    return this.#conf(catchAllConf(this.inboundRules(type, section)))
  }

  kri(resource: Resource, section: string): string {
    return kriOf(resource, section) ?? ''
  }

  /** The proxy's values of some of its labels; the zone is known even when no label says it. */
  labels(keys: readonly string[]): Readonly<Record<string, string>> {
    const labels: Record<string, string> = { [LABEL.zone]: this.context.zone, ...this.dataplane.labels }
    return Object.fromEntries(keys.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])))
  }

  #conf<Conf extends object>(conf: JsonObject | undefined): Conf | undefined {
    return conf && (this.shared(conf) as unknown as Conf)
  }
}
