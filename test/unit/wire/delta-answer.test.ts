import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeAnswer, readAnswer } from '../../../src/wire/delta-answer.js'
import { decodeDeltaRequest, encodeDeltaRequest } from '../../../src/wire/delta-codec.js'
import { DeltaDiscoveryRequestSchema } from '../../../src/wire/generated/envoy/service/discovery/v3/discovery_pb.js'

const silent = { subscribe: [], unsubscribe: [], initialVersions: new Map(), error: undefined }
const word = fc.string({ unit: 'binary', maxLength: 40 })

test('a plain answer is read as the decoder would read it', () => {
  const node = fc.option(fc.record({ id: word }), { nil: undefined })
  fc.assert(
    fc.property(word, word, node, (type, nonce, node) => {
      const request = { type: `t${type}`, nonce: `n${nonce}`, ...silent, node }
      const bytes = encodeDeltaRequest(request)
      // A second nonce makes it no plain answer: the decoder reads it, and takes the last.
      const decoded = decodeDeltaRequest(Buffer.concat([bytes, Buffer.from([0x32, 0])]))
      expect(decodeDeltaRequest(bytes)).toEqual({ ...decoded, nonce: request.nonce })
    }),
  )
})

test('a plain answer is written as its definition gives it, and what says more is left to the encoder', () => {
  const node = fc.option(fc.record({ id: word }), { nil: undefined })
  fc.assert(
    fc.property(word, word, node, (typeUrl, responseNonce, node) => {
      const init = { typeUrl, responseNonce, ...(node && { node }) }
      const expected = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init))
      expect(encodeDeltaRequest({ type: typeUrl, nonce: responseNonce, ...silent, node })).toEqual(
        Buffer.from(expected),
      )
    }),
  )
  const answer = { type: 'T', nonce: '1', ...silent, node: undefined }
  expect(encodeAnswer(answer)).toBeDefined()
  const more = [{ subscribe: ['a'] }, { unsubscribe: ['a'] }, { error: '' }, { node: { id: 'a', cluster: 'b' } }]
  for (const each of more) expect(encodeAnswer({ ...answer, ...each })).toBeUndefined()
})

test.each([
  ['names', { resourceNamesSubscribe: ['a'] }],
  ['given up names', { resourceNamesUnsubscribe: ['a'] }],
  ['versions', { initialResourceVersions: { a: '1' } }],
  ['an error', { errorDetail: { message: 'bad' } }],
  ['a node that says more', { node: { id: 'a', cluster: 'b' } }],
  ['no nonce', { responseNonce: '' }],
  ['no type', { typeUrl: '' }],
  ['a long type', { typeUrl: 'x'.repeat(128) }],
])('what holds %s is left to the decoder', (_what, init) => {
  const message = create(DeltaDiscoveryRequestSchema, { typeUrl: 'T', responseNonce: '1', ...init })
  expect(readAnswer(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, message)))).toBeUndefined()
})

test('bytes that end too early are left to the decoder', () => {
  const bytes = encodeDeltaRequest({ type: 'Mesh', nonce: '1', ...silent, node: { id: 'z' } })
  const parts = Array.from({ length: bytes.length - 1 }, (_, length) => readAnswer(bytes.subarray(0, length)))
  expect(parts.filter((answer) => answer?.nonce === '1')).toEqual([])
  expect(readAnswer(bytes)).toMatchObject({ type: 'Mesh', nonce: '1', node: { id: 'z' } })
})
