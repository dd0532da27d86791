import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeltaRequest } from '../../../src/protocol/messages.js'
import {
  decodeDeltaRequest,
  decodeKdsResponse,
  decodeXdsResponse,
  encodeDeltaRequest,
  encodeDeltaResponse,
  encodeDiscoveryResource,
} from '../../../src/wire/delta-codec.js'
import {
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../../../src/wire/generated/envoy/service/discovery/v3/discovery_pb.js'
import { KUMA_RESOURCE_URL } from '../../../src/wire/type-urls.js'

const ACK: DeltaRequest = {
  type: 'MeshTimeout',
  nonce: 'v1-7',
  subscribe: [],
  unsubscribe: [],
  initialVersions: new Map(),
  error: undefined,
  node: { id: 'zone-1' },
}

const BODY = encodeDiscoveryResource({
  name: 'default.',
  version: 'abc',
  typeUrl: KUMA_RESOURCE_URL,
  value: Buffer.from('payload'),
})

describe('delta requests', () => {
  it.each<[string, DeltaRequest]>([
    ['an ACK', ACK],
    ['a NACK', { ...ACK, subscribe: ['*'], error: 'spec.to: must not be empty' }],
    ['a NACK without words', { ...ACK, error: '' }],
    [
      'a first request',
      {
        ...ACK,
        nonce: '',
        subscribe: ['*', 'a'],
        unsubscribe: ['b'],
        initialVersions: new Map([['default.', 'abc']]),
        node: {
          id: 'zone-1',
          cluster: 'c',
          metadata: { version: { kumaCp: { version: '3.0.0' } }, config: '', features: ['zone-token', 'hash-suffix'] },
        },
      },
    ],
    ['a request without node', { ...ACK, node: undefined }],
  ])('come back as they were sent: %s', (_what, request) => {
    expect(decodeDeltaRequest(encodeDeltaRequest(request))).toEqual(request)
  })

  it('are read from the bytes of a Kuma zone', () => {
    const ack = Buffer.from('0a080a067a6f6e652d3112044d6573683a00', 'hex')
    expect(decodeDeltaRequest(ack)).toMatchObject({ type: 'Mesh', node: { id: 'zone-1' }, error: '' })
  })

  it.each(['0a', '0a05', '12ff', 'ffffffffffffffffffffff', '2a020a05', '1202c328'])('refuse the bytes %s', (hex) => {
    expect(() => decodeDeltaRequest(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })
})

describe('delta responses', () => {
  const response = {
    type: 'Mesh',
    nonce: 'v1-1',
    resources: [BODY, BODY],
    removed: ['old.', 'older.'],
    controlPlane: 'global',
  }

  it('put encoded resources together into the message that protobuf would make', () => {
    const message = fromBinary(DeltaDiscoveryResponseSchema, encodeDeltaResponse(response))
    expect(message).toMatchObject({
      typeUrl: 'Mesh',
      nonce: 'v1-1',
      removedResources: ['old.', 'older.'],
      controlPlane: { identifier: 'global' },
    })
    expect(message.resources).toHaveLength(2)
    expect(message.resources[1]).toMatchObject({
      name: 'default.',
      version: 'abc',
      resource: { typeUrl: KUMA_RESOURCE_URL },
    })
  })

  it('decode to names, versions and payloads', () => {
    const decoded = decodeKdsResponse(encodeDeltaResponse(response))
    expect(decoded).toMatchObject({ type: 'Mesh', nonce: 'v1-1', removed: ['old.', 'older.'] })
    expect(decoded.resources.map(({ name, version }) => ({ name, version }))).toEqual(
      Array(2).fill({ name: 'default.', version: 'abc' }),
    )
    expect(Buffer.from(decoded.resources[0]?.payload ?? []).toString()).toBe('payload')
  })

  it.each([0, 127, 128, 16_383, 16_384, 2_097_152])('carry a resource of about %i bytes', (size) => {
    const value = Buffer.alloc(size, 'x')
    const resource = encodeDiscoveryResource({ name: 'ü', version: '', typeUrl: KUMA_RESOURCE_URL, value })
    const decoded = decodeKdsResponse(
      encodeDeltaResponse({ ...response, resources: [resource], removed: ['ü'.repeat(64)] }),
    )
    expect(decoded.resources[0]).toMatchObject({ name: 'ü' })
    expect(decoded.resources[0]?.payload).toHaveLength(size)
    expect(decoded.removed).toEqual(['ü'.repeat(64)])
  })

  it('may be empty', () => {
    const decoded = decodeKdsResponse(encodeDeltaResponse({ ...response, resources: [], removed: [] }))
    expect(decoded).toEqual({ type: 'Mesh', nonce: 'v1-1', resources: [], removed: [] })
  })

  it('of KDS refuse a payload that is no KumaResource, which xDS takes', () => {
    const resource = encodeDiscoveryResource({
      name: 'c',
      version: '1',
      typeUrl: 'type.googleapis.com/x.Y',
      value: Buffer.from('z'),
    })
    const bytes = encodeDeltaResponse({ ...response, resources: [resource] })
    expect(() => decodeKdsResponse(bytes)).toThrow(expect.objectContaining({ code: 'undecodable' }))
    expect(decodeXdsResponse(bytes).resources[0]?.payload).toMatchObject({ typeUrl: 'type.googleapis.com/x.Y' })
  })

  it('are read past fields that nobody knows, of every kind', () => {
    const unknown = Buffer.from('8001017a0361626385010102030481010102030405060708', 'hex')
    const bytes = Buffer.concat([unknown, encodeDeltaResponse(response), unknown])
    expect(decodeXdsResponse(bytes)).toEqual(decodeXdsResponse(encodeDeltaResponse(response)))
  })

  it('refuse a resource without content and every cut through a message', () => {
    const whole = encodeDeltaResponse({ ...response, resources: [Buffer.from('1a0161', 'hex')] })
    expect(() => decodeKdsResponse(whole)).toThrow(expect.objectContaining({ code: 'undecodable' }))
    const cut = encodeDeltaResponse(response).subarray(0, 40)
    expect(() => decodeKdsResponse(cut)).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })
})

describe('a resource', () => {
  it('put together by hand is the bytes that its definition gives, whatever is empty', () => {
    const text = fc.oneof(fc.string({ maxLength: 200 }), fc.constant(''))
    fc.assert(
      fc.property(text, text, text, fc.uint8Array({ maxLength: 300 }), (name, version, typeUrl, value) => {
        const expected = toBinary(
          ResourceSchema,
          create(ResourceSchema, { name, version, resource: { typeUrl, value } }),
        )
        expect(Buffer.compare(encodeDiscoveryResource({ name, version, typeUrl, value }), expected)).toBe(0)
      }),
    )
  })
})
