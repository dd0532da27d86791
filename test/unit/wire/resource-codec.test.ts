import { create, toBinary } from '@bufbuild/protobuf'
import { AnySchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonText } from '../../../src/model/json.js'
import { contentVersion } from '../../../src/wire/content-version.js'
import { KumaResourceSchema } from '../../../src/wire/generated/kds/sync_pb.js'
import { decodeKumaResource, encodeKumaResource, type KumaResourceEnvelope } from '../../../src/wire/resource-codec.js'
import { encodeSpec, encodeStatus } from '../../../src/wire/spec-codec.js'

const MESH = encodeSpec('Mesh', '{}' as JsonText)

describe('resource codec', () => {
  it('encodes the default mesh to the bytes and the version that a Kuma global sends', () => {
    const bytes = encodeKumaResource({
      name: 'default',
      mesh: undefined,
      labels: { 'kuma.io/origin': 'global' },
      spec: MESH,
      status: undefined,
    })
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '0a230a0764656661756c7432180a0e6b756d612e696f2f6f726967696e1206676c6f62616c122d0a2b747970652e676f6f676c65617069732e636f6d2f6b756d612e6d6573682e7631616c706861312e4d657368',
    )
    expect(contentVersion(bytes)).toBe('ee3ed1993ca3721e6609c0fb78bb711a00f96c808af6675986293d420dc0d6d1')
  })

  it('gives the envelope back, status included', () => {
    const envelope = {
      name: 'backend',
      mesh: 'default',
      labels: { 'kuma.io/zone': 'zone-1', 'kuma.io/display-name': 'backend' },
      spec: encodeSpec('MeshService', '{"ports":[]}' as JsonText),
      status: encodeStatus('{"vips":[]}' as JsonText),
    }
    const decoded = decodeKumaResource(encodeKumaResource(envelope))
    expect(decoded).toMatchObject({ name: 'backend', mesh: 'default', labels: envelope.labels })
    expect(Buffer.from(decoded.spec.value).toString()).toBe('{"ports":[]}')
    expect(Buffer.from(decoded.status?.value ?? []).toString()).toBe('{"vips":[]}')
  })

  it('encodes the same bytes for labels in any order', () => {
    const encode = (labels: Record<string, string>) =>
      encodeKumaResource({ name: 'n', mesh: 'm', labels, spec: MESH, status: undefined })
    expect(encode({ b: '2', a: '1', c: '3' })).toEqual(encode({ c: '3', a: '1', b: '2' }))
  })

  it('encodes what the protobuf library encodes, whatever is in it', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), fc.constant(''))
    const any = fc.record({ typeUrl: text, value: fc.uint8Array({ maxLength: 20_000 }) })
    const envelope = fc.record({
      name: text,
      mesh: fc.option(text, { nil: undefined }),
      // An object has keys that are numbers first, in whatever order they were put there.
      labels: fc.dictionary(
        text.map((key) => `k${key}`),
        text,
      ),
      spec: any,
      status: fc.option(any, { nil: undefined }),
    })
    fc.assert(
      fc.property(envelope, (resource) => {
        expect(encodeKumaResource(resource).toString('hex')).toBe(ofTheLibrary(resource).toString('hex'))
      }),
    )
  })

  it('refuses every truncation of a resource that cuts into a field, and never throws anything but undecodable', () => {
    const whole = encodeKumaResource({ name: 'n', mesh: 'm', labels: { a: '1' }, spec: MESH, status: undefined })
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeKumaResource(whole.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'undecodable' }),
      )
    }
  })

  it.each([
    ['no meta', '120c0a0a6578616d706c652e616263'],
    ['no spec', '0a030a016e'],
    ['bytes that are no message', 'ffffffffff'],
    ['a group that never ends', '0b0b0b0b'],
  ])('refuses %s', (_what, hex) => {
    expect(() => decodeKumaResource(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })
})

function ofTheLibrary({ name, mesh, labels, spec, status }: KumaResourceEnvelope): Buffer {
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
  const message = create(KumaResourceSchema, { meta: { name, mesh: mesh ?? '', labels: sorted }, spec: { ...spec } })
  if (status) message.status = create(AnySchema, { ...status })
  return Buffer.from(toBinary(KumaResourceSchema, message))
}
