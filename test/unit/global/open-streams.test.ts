import { beforeEach, describe, expect, test } from 'vitest'
import {
  type PeerCredential,
  type PeerIdentity,
  type ZoneRefused,
  zoneRefused,
} from '../../../src/auth/zone-authenticator.js'
import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import { OpenStreams } from '../../../src/global/open-streams.js'
import { KDS_STREAMS, type KdsRpc, type Session, Sessions } from '../../../src/global/sessions.js'
import type { ResourceKey } from '../../../src/model/resource.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import type { Change, Commit } from '../../../src/store/store.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { stored } from '../../support/stored-resource.js'

/** auth.md rows 142, 143, 146, 149 to 152, 168, 175: what ends an open stream, under each policy. */

const A = parseTenantId('cp-a')
const B = parseTenantId('cp-b')
const REVOKED = zoneRefused('revoked', new AppError('unauthenticated', 'revoked'))
const DENIED = zoneRefused('no-role', new AppError('permission-denied', 'no role'))

let clock: FakeClock
let sessions: Sessions
let ended: string[]
/** What the authenticators would say now, by zone. */
let verdicts: Map<string, ZoneRefused | AppError>
let asked: number

beforeEach(() => {
  clock = new FakeClock()
  sessions = new Sessions()
  ended = []
  verdicts = new Map()
  asked = 0
})

function policy(
  kind: 'parity' | 'strict',
  options: { provisioned?: boolean; known?: () => boolean } = {},
): OpenStreams {
  const streams = new OpenStreams({
    policy: kind,
    provisioned: options.provisioned ?? false,
    sessions,
    recheck: async ({ zone }: PeerIdentity) => {
      asked += 1
      const verdict = verdicts.get(zone)
      if (verdict instanceof AppError) throw verdict
      return verdict
    },
    isKnown: options.known ?? (() => true),
    clock,
    log: silentLogger,
  })
  sessions.observe(streams)
  return streams
}

const jwt = (expiresInMs = 3_600_000): PeerCredential =>
  ({ kind: 'zone-jwt', kid: '1', jti: 'j', expiresAtMs: clock.nowMs() + expiresInMs }) as PeerCredential
const sat = (digest: string): PeerCredential => ({
  kind: 'access-token',
  digest,
  tokenId: digest,
  managed: false,
  expiresAtMs: clock.nowMs() + 3_600_000,
})

function open(
  zone: string,
  credential: PeerCredential,
  { tenant = A, rpc = 'GlobalToZoneSync' as KdsRpc } = {},
): Session {
  const session: Session = {
    tenant,
    zone,
    credential,
    rpc,
    end: (reason) => {
      ended.push(`${zone} ${'code' in reason ? reason.code : reason.kind}`)
      sessions.closed(session)
    },
    abort: () => ended.push(`${zone} reset`),
  }
  sessions.open(session)
  return session
}

const commit = (...changes: readonly Change[]): Commit => ({ epoch: 'e', revision: 1, changes })
const deleted = (key: ResourceKey): Change => ({ key, before: stored(key.type, key.name), after: undefined })
const secret = (name: string): Change => deleted({ type: 'GlobalSecret', mesh: undefined, name })
const zoneGone = (name: string): Change => deleted({ type: 'Zone', mesh: undefined, name })
const credentials = (...digests: readonly string[]) => ({ credentials: digests, controlPlanes: [] })

describe('strict', () => {
  test('row 175: a change of an access token ends what it opened, and looks at nothing else', async () => {
    const streams = policy('strict')
    for (const rpc of KDS_STREAMS) open('z1', sat('one'), { rpc })
    open('z2', sat('two'))
    await settled()
    asked = 0
    verdicts.set('z1', REVOKED).set('z2', REVOKED)
    streams.onAdmissionChanged(credentials('one'))
    await settled()
    expect(ended).toEqual(Array(5).fill('z1 unauthenticated'))
    expect(asked).toBe(5)
  })

  test('row 177: a role that was taken away says so', async () => {
    const streams = policy('strict')
    open('z1', sat('one'))
    verdicts.set('z1', DENIED)
    streams.onAdmissionChanged(credentials('one'))
    await settled()
    expect(ended).toEqual(['z1 permission-denied'])
  })

  test('row 143: expiry ends a stream at its very time, by one timer for all', async () => {
    policy('strict')
    open('late', jwt(20_000))
    open('soon', jwt(10_000))
    await settled()
    expect(clock.armed).toBe(1)
    verdicts.set('soon', REVOKED)
    clock.step(9_999)
    await settled()
    expect(ended).toEqual([])
    clock.step(1)
    await settled()
    expect(ended).toEqual(['soon unauthenticated'])
  })

  test.each([
    ['142', 'zone-token-revocations'],
    ['146', 'zone-token-signing-key-1'],
  ])('row %s: a commit on %s looks again at the streams of that control plane', async (_row, name) => {
    const streams = policy('strict')
    open('z1', jwt())
    open('z2', jwt(), { tenant: B })
    await settled()
    verdicts.set('z1', REVOKED).set('z2', REVOKED)
    streams.onCommit(A, commit(secret(name)))
    await settled()
    expect(ended).toEqual(['z1 unauthenticated'])
  })

  test('nothing else in the store makes anybody look, and nothing at all happens while nothing does', async () => {
    const streams = policy('strict')
    open('z1', jwt())
    await settled()
    asked = 0
    streams.onCommit(A, commit(secret('some-other-secret'), deleted({ type: 'Mesh', mesh: undefined, name: 'm' })))
    await clock.stepAsync(3_000_000)
    expect(asked).toBe(0)
  })

  test('what was taken back between admission and opening ends the stream at once', async () => {
    policy('strict')
    verdicts.set('z1', REVOKED)
    open('z1', sat('one'))
    await settled()
    expect(ended).toEqual(['z1 unauthenticated'])
  })

  test('a peer that does not take its end is reset a second later', async () => {
    const streams = policy('strict')
    open('z1', sat('one'))
    verdicts.set('z1', REVOKED)
    streams.onAdmissionChanged(credentials('one'))
    await settled()
    clock.step(1_000)
    expect(ended).toEqual(['z1 unauthenticated', 'z1 reset'])
  })

  test('what cannot be known ends nobody and is asked again until it can', async () => {
    const streams = policy('strict')
    open('z1', jwt())
    verdicts.set('z1', new AppError('unavailable', 'the store is away'))
    streams.onCommit(A, commit(secret('zone-token-revocations')))
    await clock.stepAsync(3_000)
    expect(ended).toEqual([])
    verdicts.set('z1', REVOKED)
    await clock.stepAsync(1_000)
    expect(ended).toEqual(['z1 unauthenticated'])
  })

  test('rows 149, 150: a deleted zone loses its streams, and its namesake on another control plane keeps them (168)', async () => {
    const streams = policy('strict')
    for (const rpc of KDS_STREAMS) open('z1', jwt(), { rpc })
    open('z1', jwt(), { tenant: B })
    streams.onCommit(A, commit(zoneGone('z1')))
    await settled()
    expect(ended).toEqual(Array(5).fill('z1 unauthenticated'))
    expect(sessions.ofTenant(B)).toHaveLength(1)
  })

  test('a stream that is over is neither looked at nor timed', async () => {
    const streams = policy('strict')
    const session = open('z1', sat('one'))
    await settled()
    sessions.closed(session)
    asked = 0
    streams.onAdmissionChanged(credentials('one'))
    await settled()
    expect([asked, clock.armed]).toEqual([0, 0])
  })
})

describe('parity', () => {
  test('rows 142, 143, 146, 149, 175: neither revocation, expiry, key nor deleted Zone ends a stream', async () => {
    const streams = policy('parity')
    open('z1', jwt(10_000))
    open('z2', sat('two'))
    verdicts.set('z1', REVOKED).set('z2', REVOKED)
    streams.onAdmissionChanged(credentials('two'))
    streams.onAdmissionChanged({ credentials: [], controlPlanes: [A] })
    streams.onCommit(A, commit(secret('zone-token-revocations'), secret('zone-token-signing-key-1'), zoneGone('z1')))
    await clock.stepAsync(60_000)
    expect([ended, asked]).toEqual([[], 0])
  })

  test('row 150: where zones are provisioned, a deleted one loses its streams', async () => {
    const streams = policy('parity', { provisioned: true })
    open('z1', sat('one'))
    streams.onCommit(A, commit(zoneGone('z1')))
    expect(ended).toEqual(['z1 unauthenticated'])
  })

  test('row 151: a control plane that is gone takes its streams along, whatever opened them', async () => {
    const streams = policy('parity', { known: () => false })
    open('z1', sat('one'))
    open('z2', jwt())
    open('z3', jwt(), { tenant: B })
    streams.onAdmissionChanged({ credentials: [], controlPlanes: [A] })
    expect(ended.sort()).toEqual(['z1 permission-denied', 'z2 permission-denied'])
  })
})

test('rows 152, 153: the newest stream of a zone wins, and only it is open', async () => {
  policy('strict')
  for (let round = 0; round < 60; round += 1) open('z1', sat(`token-${round}`))
  await settled()
  expect(ended).toEqual(Array(59).fill('z1 superseded'))
  expect([sessions.all().length, sessions.ofToken('token-0').length, sessions.ofToken('token-59').length]).toEqual([
    1, 0, 1,
  ])
})
