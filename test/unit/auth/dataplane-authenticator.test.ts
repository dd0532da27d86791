import { describe, expect, test } from 'vitest'
import {
  type ClaimedDataplane,
  dataplaneTokenAuthenticator,
  openDataplaneAuthenticator,
} from '../../../src/auth/dataplane-authenticator.js'
import { type LogFields, silentLogger } from '../../../src/base/log.js'
import { FakeClock } from '../../support/fake-clock.js'
import { BASE_CLAIMS, BASE_HEADER, recordingLogger, signed, T, trustOf, userKeyA, zoneKeyA } from './token-lab.js'

const dp: ClaimedDataplane = {
  mesh: 'default',
  name: 'dp-1',
  labels: { team: 'web', 'kuma.io/workload': 'backend' },
}
const token = (claims: Record<string, unknown> = {}, key = zoneKeyA) =>
  signed(BASE_HEADER, { Mesh: 'default', exp: T + 60, jti: 'd1', ...claims }, key)

interface Setup {
  readonly identityFromWorkload?: (dataplane: ClaimedDataplane) => boolean
  readonly revoked?: string
  readonly lines?: { message: string; fields: LogFields }[]
}

async function outcome(authorization: readonly string[], dataplane = dp, setup: Setup = {}): Promise<string> {
  const sidecars = dataplaneTokenAuthenticator({
    clock: new FakeClock(T * 1000),
    trustOf: (mesh) => (mesh === 'default' ? trustOf({ '1': zoneKeyA }, setup.revoked) : trustOf({ '1': userKeyA })),
    identityFromWorkload: setup.identityFromWorkload ?? (() => false),
    log: setup.lines ? recordingLogger(setup.lines) : silentLogger,
  })
  try {
    await sidecars.authenticate(authorization, dataplane)
    return 'OK'
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string }
    return `${code}: ${message}`
  }
}
const refusedBy = (claims: Record<string, unknown>, dataplane = dp) => outcome([token(claims)], dataplane)

describe('a token that is true of the dataplane is taken', () => {
  test.each([
    ['the mesh alone', {}],
    ['the name', { Name: 'dp-1' }],
    ['a tag with one of its values', { Tags: { team: ['db', 'web'] } }],
    ['the workload', { Workload: 'backend' }],
    ['all of it, and empty fields', { Name: 'dp-1', Tags: {}, Type: 'dataplane', Workload: 'backend' }],
    ['null where Go writes it', { Tags: null }],
  ])('%s', async (_title, claims) => {
    expect(await refusedBy(claims)).toBe('OK')
  })
})

describe('a token that is not is denied, and says what differs', () => {
  const denied = (text: string) => `permission-denied: authentication failed: ${text}`

  test('the name', async () => {
    const text = 'proxy name from requestor: dp-1 is different than in token: dp-2'
    expect(await refusedBy({ Name: 'dp-2' })).toBe(denied(text))
  })

  test('the mesh', async () => {
    const text = 'proxy mesh from requestor: default is different than in token: other'
    expect(await refusedBy({ Mesh: 'other' })).toBe(denied(text))
  })

  test('ZT row 202: a token without a mesh, such as a zone token by a shared key (Δ)', async () => {
    const text = 'proxy mesh from requestor: default is different than in token: '
    expect(await refusedBy({ Mesh: undefined })).toBe(denied(text))
    expect(await outcome([signed(BASE_HEADER, BASE_CLAIMS)])).toBe(denied(text))
  })

  test('a tag that it has not, or with another value', async () => {
    expect(await refusedBy({ Tags: { zone: ['a'] } })).toBe(denied('dataplane has no tag "zone" required by the token'))
    const text =
      'dataplane contains tag "team" with value "web" which is not allowed with this token. Allowed values in token are ["api" "db"]'
    expect(await refusedBy({ Tags: { team: ['db', 'api'] } })).toBe(denied(text))
    expect(await refusedBy({ Tags: { toString: ['x'] } })).toContain('has no tag "toString"')
    expect(await refusedBy({ Tags: { team: null } })).toContain('Allowed values in token are []')
  })

  test('the workload', async () => {
    const other = 'dataplane workload "backend" is not allowed with this token. Allowed workload in token is "db"'
    expect(await refusedBy({ Workload: 'db' })).toBe(denied(other))
    const none = 'dataplane has no workload label required by the token'
    expect(await refusedBy({ Workload: 'db' }, { ...dp, labels: {} })).toBe(denied(none))
  })

  test('one that is not bound to the workload from which the identity comes', async () => {
    const setup = { identityFromWorkload: ({ name }: ClaimedDataplane) => name === 'dp-1' }
    const text =
      'dataplane with "kuma.io/workload" label "backend" derives its identity from the workload, so it requires a workload-bound token'
    expect(await outcome([token()], dp, setup)).toBe(denied(text))
    expect(await outcome([token({ Workload: 'backend' })], dp, setup)).toBe('OK')
    expect(await outcome([token()], { ...dp, labels: {} }, setup)).toBe('OK')
    expect(await outcome([token()], { ...dp, name: 'dp-2' }, setup)).toBe('OK')
  })
})

describe('a token that does not hold is refused', () => {
  test.each([
    ['none', []],
    ['an empty one', ['']],
    ['garbage', ['x']],
    ['after Bearer', [`Bearer ${token()}`]],
    ['expired', [token({ exp: T })]],
    ['tags that are no lists', [token({ Tags: { team: 'web' } })]],
    ['signed with the key of another mesh', [token({}, userKeyA)]],
  ])('%s', async (_title, authorization) => {
    expect(await outcome(authorization)).toMatch(/^unauthenticated: authentication failed: /)
  })

  test('revoked in its mesh', async () => {
    const text = 'unauthenticated: authentication failed: token is revoked'
    expect(await outcome([token()], dp, { revoked: 'd1' })).toBe(text)
  })

  test('two headers', async () => {
    const text = 'request must have exactly 1 "authorization" header, got 2'
    expect(await outcome([token(), token()])).toBe(
      `unauthenticated: could not extract credential from DiscoveryRequest: ${text}`,
    )
  })

  test('with one line in the log, without the token', async () => {
    const lines: { message: string; fields: LogFields }[] = []
    await outcome([token({ Name: 'x' })], dp, { lines })
    await outcome([token({ exp: T })], dp, { lines })
    expect(lines).toMatchObject([
      { fields: { mesh: 'default', name: 'dp-1', reason: 'other-dataplane', jti: 'd1' } },
      { fields: { reason: 'expired', jti: 'd1' } },
    ])
    expect(JSON.stringify(lines)).not.toContain(token({ exp: T }).split('.')[2])
  })
})

test('mode none takes every sidecar and warns at start', async () => {
  const lines: { message: string; fields: LogFields }[] = []
  const open = openDataplaneAuthenticator(recordingLogger(lines))
  expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining('sidecars are not authenticated')])
  await expect(open.authenticate([], dp)).resolves.toBeUndefined()
})
