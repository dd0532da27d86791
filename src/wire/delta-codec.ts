import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { AppError } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'
import type { DeltaRequest, DeltaResource, DeltaResponse, Nonce } from '../protocol/messages.js'
import { decodeMessage } from './decode.js'
import type { Node } from './generated/envoy/config/core/v3/base_pb.js'
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from './generated/envoy/service/discovery/v3/discovery_pb.js'
import type { AnyValue } from './spec-codec.js'
import { KUMA_RESOURCE_URL } from './type-urls.js'

/** Who is asking. Every request carries at least the id (kds.md trap 2); metadata only the first of each type. */
export interface WireNode {
  readonly id: string
  readonly cluster?: string
  readonly metadata?: JsonObject
}

export function encodeDeltaRequest(request: DeltaRequest): Buffer {
  const init: MessageInitShape<typeof DeltaDiscoveryRequestSchema> = {
    typeUrl: request.type,
    responseNonce: request.nonce,
    resourceNamesSubscribe: [...request.subscribe],
    resourceNamesUnsubscribe: [...request.unsubscribe],
    initialResourceVersions: Object.fromEntries(request.initialVersions),
  }
  const node = request.node as WireNode | undefined
  if (node) init.node = encodeNode(node)
  if (request.error !== undefined) init.errorDetail = { message: request.error }
  return asBuffer(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init)))
}

/** `node` of the result is a WireNode or undefined. Throws `undecodable`. */
export function decodeDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const message = decodeMessage(DeltaDiscoveryRequestSchema, bytes)
  return {
    type: message.typeUrl,
    nonce: message.responseNonce,
    subscribe: message.resourceNamesSubscribe,
    unsubscribe: message.resourceNamesUnsubscribe,
    initialVersions: new Map(Object.entries(message.initialResourceVersions)),
    error: message.errorDetail?.message,
    node: message.node && decodeNode(message.node),
  }
}

export interface DiscoveryResource {
  readonly name: string
  readonly version: string
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** One element of a response, encoded apart so that all responses that carry it share the bytes. */
export function encodeDiscoveryResource({ name, version, typeUrl, value }: DiscoveryResource): Uint8Array {
  return toBinary(ResourceSchema, create(ResourceSchema, { name, version, resource: { typeUrl, value } }))
}

export interface EncodableResponse {
  readonly type: string
  readonly nonce: Nonce
  /** From `encodeDiscoveryResource`; copied in as they are. */
  readonly resources: readonly Uint8Array[]
  readonly removed: readonly string[]
  readonly controlPlane: string
}

/** Field numbers of DeltaDiscoveryResponse: the one message that is put together by hand. */
const FIELD = { resources: 2, type: 4, nonce: 5, removed: 6, controlPlane: 7 } as const

/** Concatenates: costs the bytes, not the number of fields in them. */
export function encodeDeltaResponse({ type, nonce, resources, removed, controlPlane }: EncodableResponse): Buffer {
  const writer = new BinaryWriter()
  for (const resource of resources) writer.tag(FIELD.resources, WireType.LengthDelimited).bytes(resource)
  writer.tag(FIELD.type, WireType.LengthDelimited).string(type)
  writer.tag(FIELD.nonce, WireType.LengthDelimited).string(nonce)
  for (const name of removed) writer.tag(FIELD.removed, WireType.LengthDelimited).string(name)
  const identifier = new BinaryWriter().tag(1, WireType.LengthDelimited).string(controlPlane).finish()
  writer.tag(FIELD.controlPlane, WireType.LengthDelimited).bytes(identifier)
  return asBuffer(writer.finish())
}

/** A response of KDS; payloads are KumaResource bytes. Throws `undecodable`, also for any other payload. */
export function decodeKdsResponse(bytes: Uint8Array): DeltaResponse<Uint8Array> {
  return decodeResponse(bytes, (name, payload) => {
    if (payload.typeUrl === KUMA_RESOURCE_URL) return payload.value
    const found = JSON.stringify(payload.typeUrl.slice(0, 100))
    throw new AppError('undecodable', `resource ${JSON.stringify(name)} must be a ${KUMA_RESOURCE_URL}, not ${found}`)
  })
}

/** A response of xDS; payloads keep their type URL. Throws `undecodable`. */
export function decodeXdsResponse(bytes: Uint8Array): DeltaResponse<AnyValue> {
  return decodeResponse(bytes, (_name, { typeUrl, value }) => ({ typeUrl, value }))
}

function decodeResponse<P>(bytes: Uint8Array, payloadOf: (name: string, payload: AnyValue) => P): DeltaResponse<P> {
  const message = decodeMessage(DeltaDiscoveryResponseSchema, bytes)
  const resources = message.resources.map(({ name, version, resource }): DeltaResource<P> => {
    if (!resource) throw new AppError('undecodable', `resource ${JSON.stringify(name)} has no content`)
    return { name, version, payload: payloadOf(name, resource) }
  })
  return { type: message.typeUrl, nonce: message.nonce, resources, removed: message.removedResources }
}

type NodeInit = NonNullable<MessageInitShape<typeof DeltaDiscoveryRequestSchema>['node']>

function encodeNode({ id, cluster, metadata }: WireNode): NodeInit {
  return { id, cluster: cluster ?? '', ...(metadata && { metadata: metadata as NonNullable<Node['metadata']> }) }
}

function decodeNode({ id, cluster, metadata }: Node): WireNode {
  return { id, ...(cluster !== '' && { cluster }), ...(metadata && { metadata }) }
}

/** The same bytes as the Buffer that grpc-js wants. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
