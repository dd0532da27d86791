import { AppError } from '../base/errors.js'
import { isJsonObject, type Json } from '../model/json.js'
import { type EnvoyKind, EnvoyWalk } from '../wire/envoy-codec.js'
import type { MessageVisitor } from '../wire/message-walk.js'

/** What one resource has to do with others, as far as a proxy must know to follow and to judge it. */
export interface References {
  /** The load assignment that an EDS cluster waits for. */
  readonly assignment: string | undefined
  /** Secrets that it has delivered over SDS. */
  readonly secrets: readonly string[]
  /** Where a listener listens, `address:port`. */
  readonly address: string | undefined
  /** Clusters that a listener's inline routes must find. */
  readonly clusters: readonly string[]
}

const CLUSTER = 'envoy.config.cluster.v3.Cluster'
const EDS_CONFIG = 'envoy.config.cluster.v3.Cluster.EdsClusterConfig'
const ASSIGNMENT = 'envoy.config.endpoint.v3.ClusterLoadAssignment'
const LISTENER = 'envoy.config.listener.v3.Listener'
const ADDRESS = 'envoy.config.core.v3.Address'
const SOCKET_ADDRESS = 'envoy.config.core.v3.SocketAddress'
const SECRET_CONFIG = 'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig'
const ROUTES = 'envoy.config.route.v3.RouteConfiguration'
const ROUTE = 'envoy.config.route.v3.RouteAction'
const MIRROR = 'envoy.config.route.v3.RouteAction.RequestMirrorPolicy'
const WEIGHTED = 'envoy.config.route.v3.WeightedCluster.ClusterWeight'
const BOOL = 'google.protobuf.BoolValue'

const WALK = new EnvoyWalk(
  new Set([
    `${CLUSTER}.type`,
    `${EDS_CONFIG}.service_name`,
    `${ASSIGNMENT}.cluster_name`,
    `${LISTENER}.address`,
    `${LISTENER}.filter_chains`,
    `${ADDRESS}.socket_address`,
    `${SOCKET_ADDRESS}.address`,
    `${SOCKET_ADDRESS}.port_value`,
    `${SECRET_CONFIG}.name`,
    `${SECRET_CONFIG}.sds_config`,
    `${ROUTES}.validate_clusters`,
    `${ROUTE}.cluster`,
    `${MIRROR}.cluster`,
    `${WEIGHTED}.name`,
    `${WEIGHTED}.weight`,
    `${BOOL}.value`,
  ]),
)

/** `Cluster.DiscoveryType` EDS. */
const EDS = 3

/** Reads of an encoded resource what it refers to. Throws `undecodable`, or `invalid-resource` for what Envoy refuses whatever else it holds. */
export function referencesOf(kind: EnvoyKind, name: string, typeUrl: string, bytes: Uint8Array): References {
  const reading = new Reading()
  WALK.read(typeUrl, bytes, reading)
  const { outermost, service, address, secrets, clusters } = reading
  if (kind === 'endpoint' && outermost.get('cluster_name') !== name) {
    const said = JSON.stringify(outermost.get('cluster_name') ?? '')
    throw refused(`the load assignment ${name} says that it is for ${said}`)
  }
  if (kind === 'listener' && !outermost.has('filter_chains')) {
    throw refused(`listener ${name} has no filter chain`)
  }
  return {
    assignment: kind === 'cluster' && outermost.get('type') === EDS ? service || name : undefined,
    secrets: [...secrets],
    address: kind === 'listener' ? address : undefined,
    clusters: [...clusters],
  }
}

/** `address:port`, or undefined for anything but a socket (pipes, internal listeners). */
export function addressOf(address: Json | undefined): string | undefined {
  const socket = isJsonObject(address) ? address.socket_address : undefined
  return isJsonObject(socket) ? `${socket.address}:${socket.port_value ?? 0}` : undefined
}

/** A message that is being read. */
interface Open {
  readonly message: string
  /** Field of the message around it. */
  readonly field: string
  readonly values: Map<string, string | number>
}

class Reading implements MessageVisitor {
  readonly #open: Open[] = []
  #outermost: ReadonlyMap<string, string | number> | undefined
  service: string | undefined
  address: string | undefined
  /** Of every SdsSecretConfig, however deep: in transport sockets, and in whatever extension has one. */
  readonly secrets = new Set<string>()
  readonly clusters = new Set<string>()
  #routed = new Set<string>()

  /** The fields of the resource itself. */
  get outermost(): ReadonlyMap<string, string | number> {
    return this.#outermost ?? new Map()
  }

  enter(message: string, field: string): void {
    const opened: Open = { message, field, values: new Map() }
    this.#outermost ??= opened.values
    this.#open.push(opened)
    if (message === ROUTES) this.#routed = new Set()
  }

  value(field: string, value: string | number): void {
    this.#open.at(-1)?.values.set(field, value)
  }

  leave(): void {
    const left = this.#open.pop()
    if (!left) return
    const { message, field, values } = left
    const text = (name: string) => String(values.get(name) ?? '')
    switch (message) {
      case EDS_CONFIG:
        this.service = text('service_name')
        break
      case SOCKET_ADDRESS:
        if (this.#isListenersOwn()) this.address = `${text('address')}:${values.get('port_value') ?? 0}`
        break
      case SECRET_CONFIG:
        if (values.has('sds_config') && values.has('name')) this.secrets.add(text('name'))
        break
      case ROUTE:
      case MIRROR:
        if (values.has('cluster')) this.#routed.add(text('cluster'))
        break
      case WEIGHTED:
        if (values.has('weight') && values.has('name')) this.#routed.add(text('name'))
        break
      case BOOL:
        this.#open.at(-1)?.values.set(field, values.get('value') ?? 0)
        break
      // Inline routes have to find their clusters unless they say otherwise (RouteConfiguration.validate_clusters).
      case ROUTES:
        if (values.get('validate_clusters') !== 0) for (const cluster of this.#routed) this.clusters.add(cluster)
        break
    }
  }

  /** The address of the listener itself, and none of its additional ones. */
  #isListenersOwn(): boolean {
    const [listener, address] = this.#open
    return this.#open.length === 2 && listener?.message === LISTENER && address?.field === 'address'
  }
}

function refused(reason: string): AppError {
  return new AppError('invalid-resource', reason)
}
