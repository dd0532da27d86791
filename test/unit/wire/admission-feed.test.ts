import { describe, expect, test } from 'vitest'
import { parseTenantId } from '../../../src/model/tenant.js'
import { decodeEvents, encodeEvents } from '../../../src/wire/admission-events.js'
import {
  type AdmittedControlPlane,
  type AdmittedCredential,
  encodeFeedLine,
  type FeedLine,
  FeedReader,
} from '../../../src/wire/admission-feed.js'

const CP = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a01')
const controlPlane: AdmittedControlPlane = {
  kind: 'control-plane',
  id: CP,
  organization: 'org-1',
  region: 'us',
  zoneCredentials: 'both',
  personalTokens: true,
  organizationState: 'active',
}
const credential: AdmittedCredential = {
  kind: 'credential',
  digest: 'ab'.repeat(32),
  id: 'token-1',
  tokenKind: 'sat',
  holder: { kind: 'account', id: 'account-1', name: 'zone ü' },
  organization: 'org-1',
  expiresAtMs: 1_790_000_000_000,
  zone: { controlPlane: CP, name: 'z1' },
  grants: [{ role: 'Connector', controlPlane: CP, region: '*' }],
}
const lines: readonly FeedLine[] = [
  { kind: 'reset', revision: 7 },
  controlPlane,
  credential,
  { kind: 'complete', revision: 7 },
  { kind: 'credential-gone', digest: credential.digest },
  { kind: 'control-plane-gone', id: CP },
  { kind: 'heartbeat', revision: 9 },
]
const bytes = Buffer.from(lines.map(encodeFeedLine).join(''))
const reading = (text: string) => new FeedReader().push(Buffer.from(text))

describe('the admission feed', () => {
  test.each([1, 2, 3, 7, 64, 1_000_000])('is the same in pieces of %i bytes', (size) => {
    const reader = new FeedReader()
    const read: FeedLine[] = []
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)))
    expect(read).toEqual(lines)
  })

  test('says nothing of a line that has not ended', () => {
    expect(reading('{"kind":"heartbeat","revision":1}')).toEqual([])
  })

  test('reads a control plane in upper case as the same one', () => {
    expect(reading(`{"kind":"control-plane-gone","id":"${CP.toUpperCase()}"}\n`)).toEqual([lines[5]])
  })

  test.each([
    ['not json', 'x\n', /not JSON/],
    ['an unknown kind', '{"kind":"else"}\n', /kind/],
    ['a role that there is none', encodeFeedLine(credential).replace('Connector', 'connector'), /grants\.0\.role/],
    ['a digest in upper case', encodeFeedLine(credential).replace('abab', 'ABAB'), /digest/],
    ['an id that is none', '{"kind":"control-plane-gone","id":"a/b"}\n', /control plane/],
    ['no time of expiry', '{"kind":"credential"}\n', /wrong/],
  ])('is refused for %s', (_what, text, message) => {
    expect(() => reading(text)).toThrowError(message)
  })

  test('is refused for a line that never ends, before it fills the memory', () => {
    const reader = new FeedReader()
    const piece = Buffer.alloc(300_000, 'x')
    expect(() => {
      for (let pushed = 0; pushed < 4; pushed += 1) reader.push(piece)
    }).toThrowError(/over 1048576 bytes/)
  })

  test('is refused for bytes that are not UTF-8', () => {
    expect(() => new FeedReader().push(Buffer.from([0xff, 0x0a]))).toThrowError(/UTF-8/)
  })
})

describe('admission events', () => {
  const used = { kind: 'token-used', id: 'e1', controlPlane: CP, zone: 'z1', atMs: 1, tokenId: 'token-1' } as const
  const refused = { ...used, kind: 'zone-refused', id: 'e2', reason: 'expired' } as const

  test('arrive as they were sent', () => {
    expect(decodeEvents(JSON.parse(encodeEvents([used, refused])))).toEqual([used, refused])
  })

  test.each([
    [{}, /events/],
    [{ events: [{ ...used, tokenId: undefined }] }, /tokenId/],
    [{ events: [{ ...used, kind: 'else' }] }, /kind/],
    [{ events: Array(1_001).fill(used) }, /events/],
  ])('are refused by the field that is wrong: %#', (body, message) => {
    expect(() => decodeEvents(body)).toThrowError(message)
  })
})
