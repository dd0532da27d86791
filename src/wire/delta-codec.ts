import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'
import type { DeltaRequest, DeltaResource, DeltaResponse, Nonce } from '../protocol/messages.js'
import { ByteCursor } from './byte-cursor.js'
import { decodeMessage } from './decode.js'
import { encodeAnswer, readAnswer } from './delta-answer.js'
import { concatFields, type Field, stated } from './fields.js'
import type { Node } from './generated/envoy/config/core/v3/base_pb.js'
import { DeltaDiscoveryRequestSchema } from './generated/envoy/service/discovery/v3/discovery_pb.js'
import type { AnyValue } from './spec-codec.js'
import { KUMA_RESOURCE_URL } from './type-urls.js'

/** Who is asking. Every request carries at least the id (kds.md trap 2); metadata only the first of each type. */
export interface WireNode {
  readonly id: string
  readonly cluster?: string
  readonly metadata?: JsonObject
}

export function encodeDeltaRequest(request: DeltaRequest): Buffer {
  return encodeAnswer(request) ?? encodeAnyRequest(request)
}

function encodeAnyRequest(request: DeltaRequest): Buffer {
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
  const answer = readAnswer(asBuffer(bytes))
  if (answer) return answer
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

/** Field numbers of DeltaDiscoveryResponse, Resource, Any and ControlPlane: what is put together by hand, being most of what is sent. */
const FIELD = {
  resources: 2,
  type: 4,
  nonce: 5,
  removed: 6,
  controlPlane: 7,
  identifier: 1,
  resource: { version: 1, resource: 2, name: 3 },
  any: { typeUrl: 1, value: 2 },
} as const

export interface DiscoveryResource {
  readonly name: string
  readonly version: string
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** One element of a response, encoded apart so that all responses that carry it share the bytes. */
export function encodeDiscoveryResource({ name, version, typeUrl, value }: DiscoveryResource): Uint8Array {
  const any = concatFields(stated([FIELD.any.typeUrl, Buffer.from(typeUrl)], [FIELD.any.value, value]))
  const { version: versionField, resource, name: nameField } = FIELD.resource
  // Kept for as long as the resource is: memory of its own, not a piece of what others share.
  const fields = [...stated([versionField, Buffer.from(version)]), [resource, any] as const]
  return concatFields([...fields, ...stated([nameField, Buffer.from(name)])], Buffer.allocUnsafeSlow)
}

export interface EncodableResponse {
  readonly type: string
  readonly nonce: Nonce
  /** From `encodeDiscoveryResource`; copied in as they are. */
  readonly resources: readonly Uint8Array[]
  readonly removed: readonly string[]
  readonly controlPlane: string
}

/** One allocation and one copy: costs the bytes, not what is in them. */
export function encodeDeltaResponse({ type, nonce, resources, removed, controlPlane }: EncodableResponse): Buffer {
  const identifier = concatFields([[FIELD.identifier, Buffer.from(controlPlane)]])
  return concatFields([
    ...resources.map((resource): Field => [FIELD.resources, resource]),
    [FIELD.type, Buffer.from(type)],
    [FIELD.nonce, Buffer.from(nonce)],
    ...removed.map((name): Field => [FIELD.removed, Buffer.from(name)]),
    [FIELD.controlPlane, identifier],
  ])
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

/** Read by hand, for a sidecar hears one for each change. Of what it carries nothing is copied but text. */
function decodeResponse<P>(bytes: Uint8Array, payloadOf: (name: string, payload: AnyValue) => P): DeltaResponse<P> {
  const response = { type: '', nonce: '', resources: [] as DeltaResource<P>[], removed: [] as string[] }
  const cursor = new ByteCursor(bytes)
  try {
    cursor.fields(bytes.length, (field, end) => {
      if (field === FIELD.resources) response.resources.push(resourceAt(cursor, end, payloadOf))
      else if (field === FIELD.type) response.type = cursor.text(end)
      else if (field === FIELD.nonce) response.nonce = cursor.text(end)
      else if (field === FIELD.removed) response.removed.push(cursor.text(end))
    })
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    throw new AppError('undecodable', 'bytes of the peer do not decode as a DeltaDiscoveryResponse', { cause: thrown })
  }
  return response
}

function resourceAt<P>(
  cursor: ByteCursor,
  end: number,
  payloadOf: (name: string, payload: AnyValue) => P,
): DeltaResource<P> {
  let [name, version] = ['', '']
  let payload: AnyValue | undefined
  cursor.fields(end, (field, fieldEnd) => {
    if (field === FIELD.resource.name) name = cursor.text(fieldEnd)
    else if (field === FIELD.resource.version) version = cursor.text(fieldEnd)
    else if (field === FIELD.resource.resource) payload = anyAt(cursor, fieldEnd)
  })
  if (!payload) throw new AppError('undecodable', `resource ${JSON.stringify(name)} has no content`)
  return { name, version, payload: payloadOf(name, payload) }
}

function anyAt(cursor: ByteCursor, end: number): AnyValue {
  let typeUrl = ''
  let value: Uint8Array = NO_BYTES
  cursor.fields(end, (field, fieldEnd) => {
    if (field === FIELD.any.typeUrl) typeUrl = cursor.text(fieldEnd)
    else if (field === FIELD.any.value) value = cursor.bytes(fieldEnd)
  })
  return { typeUrl, value }
}

const NO_BYTES = new Uint8Array()

type NodeInit = NonNullable<MessageInitShape<typeof DeltaDiscoveryRequestSchema>['node']>

function encodeNode({ id, cluster, metadata }: WireNode): NodeInit {
  return { id, cluster: cluster ?? '', ...(metadata && { metadata: metadata as NonNullable<Node['metadata']> }) }
}

function decodeNode({ id, cluster, metadata }: Node): WireNode {
  return { id, ...(cluster !== '' && { cluster }), ...(metadata && { metadata }) }
}

/** The same bytes as a Buffer. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
