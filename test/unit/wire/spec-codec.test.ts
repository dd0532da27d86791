import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { canonicalJson, type Json, type JsonText } from '../../../src/model/json.js'
import { descriptorOf, RESOURCE_TYPES, type ResourceType } from '../../../src/model/registry.js'
import { canonicalProtoSpec, decodeSpec, encodeSpec } from '../../../src/wire/spec-codec.js'
import { schemaOf } from '../../../src/wire/spec-schemas.js'

const MESH_URL = 'type.googleapis.com/kuma.mesh.v1alpha1.Mesh'

function text(value: Json): JsonText {
  return canonicalJson(value)
}

function roundTrip(type: ResourceType, value: Json): JsonText {
  const encoded = encodeSpec(type, text(value))
  return decodeSpec(type, encoded.typeUrl, encoded.value).text
}

function failureOf(act: () => unknown): AppError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

const DATAPLANE = {
  networking: {
    address: '127.0.0.1',
    admin: { port: 9901 },
    gateway: { tags: { 'kuma.io/zone': 'zone-1' } },
    inbound: [
      {
        port: 8080,
        servicePort: 80,
        state: 'NotReady',
        health: {},
        serviceProbe: { interval: '10s', timeout: '0.500s', unhealthyThreshold: 3, tcp: {} },
      },
    ],
    listeners: [{ type: 'ZoneEgress', address: '10.0.0.1', port: 10002, state: 'NotReady' }],
    outbound: [{ port: 33033, backendRef: { kind: 'MeshService', name: 'redis', port: 6379, labels: { a: 'b' } } }],
    transparentProxying: { ipFamilyMode: 'IPv4', reachableBackends: { refs: [{ kind: 'MeshService', port: 80 }] } },
  },
}

const ZONE_INSIGHT = {
  subscriptions: [
    {
      id: 's1',
      connectTime: '2026-08-21T10:00:00Z',
      generation: 2,
      status: { total: {}, stat: { Mesh: { responsesSent: '18446744073709551615' } } },
    },
  ],
}

describe('spec codec', () => {
  it('has a protobuf message exactly for the types whose spec is one', () => {
    const withSchema = RESOURCE_TYPES.filter((type) => schemaOf(type) !== undefined)
    expect(withSchema).toEqual(RESOURCE_TYPES.filter((type) => descriptorOf(type).spec === 'proto'))
  })

  it.each<[ResourceType, Json]>([
    ['Mesh', { skipCreatingInitialPolicies: ['*'] }],
    ['Zone', { enabled: false }],
    ['Zone', {}],
    ['Secret', { data: 'c2VjcmV0' }],
    ['GlobalSecret', { data: '' }],
    ['Config', { config: 'cluster' }],
    ['Dataplane', DATAPLANE],
    ['ZoneInsight', ZONE_INSIGHT],
    ['DataplaneInsight', { metadata: { nested: { list: [1, null, 'x', true] } }, mTLS: { issuedBackend: 'b' } }],
    ['MeshTimeout', { targetRef: { kind: 'Mesh' }, unheardOf: [1, { b: null }] }],
  ])('gives the canonical spec of a %s back', (type, spec) => {
    expect(roundTrip(type, spec)).toBe(text(spec))
  })

  it('sends JSON specs as their own text without a type URL', () => {
    const encoded = encodeSpec('MeshTimeout', text({ to: [] }))
    expect(encoded.typeUrl).toBe('')
    expect(Buffer.from(encoded.value).toString()).toBe('{"to":[]}')
  })

  it('sends a GlobalSecret as the message Secret', () => {
    const encoded = encodeSpec('GlobalSecret', text({ data: 'YQ==' }))
    expect(encoded.typeUrl).toBe('type.googleapis.com/kuma.system.v1alpha1.Secret')
    expect(Buffer.from(encoded.value).toString('hex')).toBe('0a030a0161')
  })

  it('encodes equal specs to equal bytes, whatever the order in which a map was written', () => {
    const bytesOf = (tags: Json) =>
      encodeSpec('Dataplane', canonicalProtoSpec('Dataplane', { networking: { gateway: { tags } } }))
    expect(bytesOf({ b: '2', a: '1' })).toEqual(bytesOf({ a: '1', b: '2' }))
  })

  it('drops unknown protobuf fields and keeps unknown JSON fields', () => {
    const withUnknown = Buffer.from('42012afa0101ff', 'hex')
    expect(decodeSpec('Mesh', MESH_URL, withUnknown).text).toBe('{"skipCreatingInitialPolicies":["*"]}')
    const workload = decodeSpec('Workload', '', Buffer.from('{"z":1,"a":{"y":2,"x":[]}}'))
    expect(workload).toEqual({ json: { z: 1, a: { y: 2, x: [] } }, text: '{"a":{"x":[],"y":2},"z":1}' })
  })

  it.each<[string, ResourceType, string, Uint8Array]>([
    ['another message', 'Mesh', 'type.googleapis.com/kuma.mesh.v1alpha1.Dataplane', Buffer.alloc(0)],
    ['no type URL', 'Mesh', '', Buffer.alloc(0)],
    ['truncated bytes', 'Mesh', MESH_URL, Buffer.from('4205', 'hex')],
    ['a wrong wire type', 'Mesh', MESH_URL, Buffer.from('4001', 'hex')],
    ['bad UTF-8', 'Mesh', MESH_URL, Buffer.from('4202c328', 'hex')],
    ['empty JSON', 'MeshTimeout', '', Buffer.alloc(0)],
    ['broken JSON', 'MeshTimeout', '', Buffer.from('{"to":[')],
    ['a JSON array', 'MeshTimeout', '', Buffer.from('[]')],
    ['a JSON string', 'MeshTimeout', '', Buffer.from('"x"')],
    ['JSON null', 'MeshTimeout', '', Buffer.from('null')],
    ['bottomless JSON', 'MeshTimeout', '', Buffer.from(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)],
  ])('refuses %s as undecodable', (_what, type, typeUrl, value) => {
    expect(failureOf(() => decodeSpec(type, typeUrl, value)).code).toBe('undecodable')
  })
})

describe('canonical protobuf spec of a REST body', () => {
  it('ignores members that the message does not know, at every depth', () => {
    const body = { type: 'Dataplane', name: 'dp', networking: { nope: 1, inbound: [{ port: 1, tags: { a: 'b' } }] } }
    expect(canonicalProtoSpec('Dataplane', body)).toBe('{"networking":{"inbound":[{"port":1}]}}')
  })

  it('leaves zero values out and keeps wrappers and empty messages', () => {
    const body = { networking: { address: '', inbound: [{ port: 0, state: 'Ready', health: { ready: false } }] } }
    expect(canonicalProtoSpec('Dataplane', body)).toBe('{"networking":{"inbound":[{"health":{}}]}}')
    expect(canonicalProtoSpec('Zone', { enabled: false })).toBe('{"enabled":false}')
    expect(canonicalProtoSpec('Zone', { enabled: null })).toBe('{}')
  })

  it('takes original and camel-case names, numbers as text and enums by number, and writes one form', () => {
    const body = { networking: { transparent_proxying: { redirect_port_inbound: '15006', ipFamilyMode: 2 } } }
    const canonical = '{"networking":{"transparentProxying":{"ipFamilyMode":"IPv4","redirectPortInbound":15006}}}'
    expect(canonicalProtoSpec('Dataplane', body)).toBe(canonical)
  })

  it.each<[Json, string]>([
    [{ networking: { inbound: [{ port: 'abc' }] } }, 'networking.inbound[0].port'],
    [{ networking: { inbound: 'x' } }, 'networking.inbound'],
    [{ networking: { gateway: { type: 'BUILTIN' } } }, 'networking.gateway.type'],
    [{ networking: { address: 5 } }, 'networking.address'],
    [
      { networking: { inbound: [{ serviceProbe: { interval: 'soon' } }] } },
      'networking.inbound[0].serviceProbe.interval',
    ],
    [{ networking: [] }, 'networking'],
    [[], 'spec'],
  ])('refuses %j and names the field %s', (body, field) => {
    const failure = failureOf(() => canonicalProtoSpec('Dataplane', body))
    expect(failure.code).toBe('invalid-resource')
    expect(failure.violations.map((violation) => violation.field)).toEqual([field])
  })
})
