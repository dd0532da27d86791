import {
  createRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type MessageJsonType,
  type Registry,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { type AnyJson, EmptySchema } from '@bufbuild/protobuf/wkt'
import { AppError } from '../base/errors.js'
import type { Json, JsonObject } from '../model/json.js'
import { contentVersion } from './content-version.js'
import { encodeDiscoveryResource } from './delta-codec.js'
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from './generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from './generated/envoy/config/listener/v3/listener_pb.js'
import { FilterConfigSchema } from './generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js'
import { RouterSchema } from './generated/envoy/extensions/filters/http/router/v3/router_pb.js'
import { TlsInspectorSchema } from './generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js'
import { HttpConnectionManagerSchema } from './generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { TcpProxySchema } from './generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { HealthCheckEventFileSinkSchema } from './generated/envoy/extensions/health_check/event_sinks/file/v3/file_pb.js'
import { OmitHostMetadataConfigSchema } from './generated/envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config_pb.js'
import { PreviousHostsPredicateSchema } from './generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js'
import { PreviousPrioritiesConfigSchema } from './generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js'
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from './generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import { SPIFFECertValidatorConfigSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.js'
import { HttpProtocolOptionsSchema } from './generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js'
import { ResourceSchema } from './generated/envoy/service/discovery/v3/discovery_pb.js'
import { type MessageVisitor, MessageWalk } from './message-walk.js'
import { TYPE_URL_PREFIX } from './type-urls.js'

/** The four kinds of resource that sidecars are served, by the word the code uses. Routes are inline in listeners. */
const RESOURCES = {
  cluster: ClusterSchema,
  endpoint: ClusterLoadAssignmentSchema,
  listener: ListenerSchema,
  secret: SecretSchema,
} as const

/** What zonelab puts into an Any inside a resource. */
const EXTENSIONS = {
  HttpConnectionManager: HttpConnectionManagerSchema,
  Router: RouterSchema,
  GrpcStats: FilterConfigSchema,
  TcpProxy: TcpProxySchema,
  TlsInspector: TlsInspectorSchema,
  HttpProtocolOptions: HttpProtocolOptionsSchema,
  UpstreamTlsContext: UpstreamTlsContextSchema,
  DownstreamTlsContext: DownstreamTlsContextSchema,
  SpiffeValidator: SPIFFECertValidatorConfigSchema,
  PreviousHosts: PreviousHostsPredicateSchema,
  OmitHostMetadata: OmitHostMetadataConfigSchema,
  PreviousPriorities: PreviousPrioritiesConfigSchema,
  HealthCheckFileSink: HealthCheckEventFileSinkSchema,
} as const

export type EnvoyKind = keyof typeof RESOURCES
export const ENVOY_KINDS = Object.keys(RESOURCES) as readonly EnvoyKind[]
/** The JSON shape of one kind: Envoy's documented field names in camel case, durations as `1.5s`. */
export type EnvoyJson<K extends EnvoyKind> = MessageJsonType<(typeof RESOURCES)[K]>

type ExtensionName = keyof typeof EXTENSIONS
type ExtensionJson<N extends ExtensionName> = MessageJsonType<(typeof EXTENSIONS)[N]>

const registry = createRegistry(...Object.values(RESOURCES), ...Object.values(EXTENSIONS))
/** Reads an extension that zonelab does not define as one without fields: another control plane's resource is shown still. */
const lenientRegistry: Registry = {
  ...registry,
  getMessage: (name) => registry.getMessage(name) ?? { ...EmptySchema, typeName: name },
}

/** The type URL that a kind has on the wire. */
export const ENVOY_TYPE_URL: Readonly<Record<EnvoyKind, string>> = {
  cluster: TYPE_URL_PREFIX + ClusterSchema.typeName,
  endpoint: TYPE_URL_PREFIX + ClusterLoadAssignmentSchema.typeName,
  listener: TYPE_URL_PREFIX + ListenerSchema.typeName,
  secret: TYPE_URL_PREFIX + SecretSchema.typeName,
}

/** An extension's configuration, ready to stand in a `typedConfig`. */
export function typedConfig<N extends ExtensionName>(name: N, config: ExtensionJson<N>): AnyJson {
  return { '@type': TYPE_URL_PREFIX + EXTENSIONS[name].typeName, ...(config as object) } as AnyJson
}

/** One resource of a sidecar, encoded once and shared by all who are served it. */
export interface EnvoyResource {
  readonly name: string
  /** Content version: equal content has an equal version. */
  readonly version: string
  /** An element of a delta response, as `encodeDeltaResponse` takes it. */
  readonly bytes: Uint8Array
}

/** Deterministic: fields in number order, map entries in the order written. Throws `internal` on a shape Envoy does not know. */
export function encodeEnvoy<K extends EnvoyKind>(kind: K, name: string, json: EnvoyJson<K>): EnvoyResource {
  const schema: DescMessage = RESOURCES[kind]
  try {
    const value = toBinary(schema, fromJson(schema, json as never, { registry }))
    const version = contentVersion(value)
    return { name, version, bytes: encodeDiscoveryResource({ name, version, typeUrl: ENVOY_TYPE_URL[kind], value }) }
  } catch (thrown) {
    throw new AppError('internal', `${kind} ${name} does not have Envoy's shape: ${String(thrown)}`, { cause: thrown })
  }
}

/** The JSON of a resource that was encoded here, for inspection. */
export function envoyResourceJson({ bytes }: EnvoyResource): JsonObject {
  const { resource } = fromBinary(ResourceSchema, bytes)
  if (resource === undefined) throw new AppError('undecodable', 'the resource has no content')
  return envoyJson(resource.typeUrl, resource.value)
}

/**
 * A resource as Envoy's `/config_dump` shows it: field names of the definition, `@type` first, private keys redacted.
 * Fields that zonelab does not define are left out, of an extension that it does not define all. Throws `undecodable`.
 */
export function envoyJson(typeUrl: string, bytes: Uint8Array): JsonObject {
  const schema = schemaAt(typeUrl)
  try {
    const json = toJson(schema, fromBinary(schema, bytes), {
      registry: lenientRegistry,
      useProtoFieldName: true,
    }) as JsonObject
    return { '@type': typeUrl, ...redacted(json) }
  } catch (thrown) {
    throw new AppError('undecodable', `bytes of ${typeUrl} do not decode`, { cause: thrown })
  }
}

/** Reads resources of Envoy for the values asked for, which are named `message.field` after Envoy's definitions, and makes no message. */
export class EnvoyWalk {
  readonly #walk: MessageWalk

  constructor(wanted: ReadonlySet<string>) {
    this.#walk = new MessageWalk((name) => registry.getMessage(name), wanted)
  }

  /** Throws `undecodable`. */
  read(typeUrl: string, bytes: Uint8Array, visitor: MessageVisitor): void {
    const schema = schemaAt(typeUrl)
    try {
      this.#walk.read(schema, bytes, visitor)
    } catch (thrown) {
      throw new AppError('undecodable', `bytes of ${typeUrl} do not decode`, { cause: thrown })
    }
  }
}

function schemaAt(typeUrl: string): DescMessage {
  const schema = registry.getMessage(typeUrl.slice(TYPE_URL_PREFIX.length))
  if (typeUrl.startsWith(TYPE_URL_PREFIX) && schema !== undefined) return schema
  throw new AppError('undecodable', `${typeUrl} is not a type of Envoy that zonelab knows`)
}

/** Envoy's own placeholder, base64 of `[redacted]`. */
const REDACTED = 'W3JlZGFjdGVkXQ=='

function redacted(json: JsonObject): JsonObject {
  const certificate = json.tls_certificate as JsonObject | undefined
  if (certificate?.private_key === undefined) return json
  const hidden: Json = { ...certificate, private_key: { inline_bytes: REDACTED } }
  return { ...json, tls_certificate: hidden }
}
