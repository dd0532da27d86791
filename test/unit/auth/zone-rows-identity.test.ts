import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import type { LogFields } from '../../../src/base/log.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import {
  answer,
  BASE_CLAIMS,
  BASE_HEADER,
  codeOf,
  IA,
  PD,
  recordingLogger,
  signed,
  T,
  tokenWith,
  trustOf,
  U,
  UA,
  userKeyA,
  zoneKeyA,
  zoneKeyB,
} from './token-lab.js'

/** auth.md §4.7, §4.9, §4.11: whom a token that verifies lets in, what takes it back, and which control plane is asked. */
const jti = BASE_CLAIMS.jti
const revoking = (list: string) => ({ trust: { find: () => trustOf({ '1': zoneKeyA }, list) } })

describe('zone and scope', () => {
  test.each([
    ['118', { Zone: 'z2' }, PD],
    ['119', { Zone: 'Z1' }, PD],
    ['120', { Zone: undefined, zone: 'z1' }, PD],
    ['121a', { Zone: undefined }, PD],
    ['121b', { Zone: '' }, PD],
    ['122a', { Zone: 1 }, U],
    ['122b', { Zone: null }, U],
    ['122c', { Zone: ['z1'] }, U],
    ['123a', { Zone: 'z1 ' }, PD],
    ['123b', { Zone: 'z1\u0000' }, PD],
    ['123c', { Zone: '\u0437' }, PD],
    ['124a', { Scope: undefined }, PD],
    ['124b', { Scope: null }, PD],
    ['124c', { Scope: [] }, PD],
    ['125', { Scope: ['ingress', 'egress'] }, PD],
    ['126', { Scope: ['other', 'cp'] }, 'OK'],
    ['127a', { Scope: ['CP'] }, PD],
    ['127b', { Scope: [' cp'] }, PD],
    ['127c', { Scope: ['cp*'] }, PD],
    ['128', { Scope: 'cp' }, U],
    ['129', { Scope: [1, 'cp'] }, U],
    ['130', { iss: 'someone', aud: 'else', sub: 'x' }, 'OK'],
    ['jti 5', { jti: 5 }, U],
  ])('ZT row %s: %j → %s', async (_row, claims, expected) => {
    expect(await codeOf(tokenWith(claims))).toBe(expected)
  })

  test('ZT row 131: with an audience configured, a token must name it', async () => {
    const option = { audience: 'cp-a' }
    expect(await codeOf(tokenWith({ aud: 'cp-a' }), option)).toBe('OK')
    expect(await codeOf(tokenWith({ aud: ['x', 'cp-a'] }), option)).toBe('OK')
    expect(await codeOf(tokenWith({ aud: 'cp-b' }), option)).toBe(U)
    expect(await codeOf(tokenWith({ aud: 'cp-ab' }), option)).toBe(U)
    expect(await codeOf(tokenWith(), option)).toBe(U)
  })

  test('ZT row 141: with another zone and no scope, the zone is what is said', async () => {
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith({ Zone: 'z2', Scope: [] }) })
    const text = 'token is signed for "z2" zone, but connected CP advertised as "z1"'
    expect(result).toEqual({ code: PD, text })
  })

  test('without the scope the text lists what it has', async () => {
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith({ Scope: ['ingress', 'egress'] }) })
    const text = "token cannot be used to authenticate zone CP (cp is out of token's scope: [ingress egress])"
    expect(result).toEqual({ code: PD, text })
  })
})

describe('revocation', () => {
  test.each([
    ['132', jti, jti, U],
    ['133a', `id0,${jti},id2`, jti, U],
    ['133b', `id0,${jti}\n`, jti, U],
    ['134a', `id0, ${jti}`, jti, 'OK'],
    ['134b', jti.toUpperCase(), jti, 'OK'],
    ['134c', `x${jti}x`, jti, 'OK'],
    ['134d', `${jti}\r\n`, jti, 'OK'],
    ['134e', `${jti}\n\n`, jti, 'OK'],
    ['135', 'id0,id1', undefined, 'OK'],
    ['136', 'id0,', undefined, U],
    ['empty list', '', undefined, 'OK'],
  ])('ZT row %s: list %j, token %j → %s', async (_row, list, id, expected) => {
    expect(await codeOf(tokenWith({ jti: id }), revoking(list))).toBe(expected)
  })

  test('ZT row 132: the text says so and nothing else', async () => {
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith() }, revoking(jti))
    expect(result).toEqual({ code: U, text: 'invalid zone token: token is revoked' })
  })

  test('ZT row 140: a bad signature is the reason, even if the token is also revoked and expired', async () => {
    const token = signed(BASE_HEADER, { ...BASE_CLAIMS, exp: T - 1 }, zoneKeyB)
    const lines: { message: string; fields: LogFields }[] = []
    expect(await codeOf(token, { ...revoking(jti), log: recordingLogger(lines) })).toBe(U)
    expect(lines.map(({ fields }) => fields.reason)).toEqual(['bad-signature'])
  })

  test('an expired and revoked token is refused as expired', async () => {
    const lines: { message: string; fields: LogFields }[] = []
    await codeOf(tokenWith({ exp: T - 1 }), { ...revoking(jti), log: recordingLogger(lines) })
    expect(lines).toMatchObject([{ fields: { reason: 'expired', tokenId: jti, zone: 'z1', tenant: 'default' } }])
  })

  test('ZT row 139: keys or revocations that cannot be known are unavailable, never open', async () => {
    const down = async () => {
      throw new AppError('unavailable', 'the store is away')
    }
    const trust = trustOf({ '1': zoneKeyA })
    expect(await codeOf(tokenWith(), { trust: { find: () => ({ ...trust, keys: { publicKey: down } }) } })).toBe(UA)
    const noList = { ...trust, revocations: { isRevoked: down } }
    expect(await codeOf(tokenWith(), { trust: { find: () => noList } })).toBe(UA)
  })
})

describe('the control plane', () => {
  const A = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a01')
  const B = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a02')
  const unknown = '0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a03'
  const trusts = new Map([
    [A, trustOf({ '1': zoneKeyA })],
    [B, trustOf({ '1': zoneKeyB }, jti)],
  ])
  const many = {
    tenancy: { fallback: undefined, cpIdHeader: 'x-konnect-cp-id', ids: 'names' },
    trust: { find: (tenant: typeof A) => trusts.get(tenant) },
    refusals: 'generic',
  } as const
  const on = (cpId: string | readonly string[], authorization = tokenWith()) =>
    answer({ 'client-id': 'z1', authorization, 'x-konnect-cp-id': cpId }, many)

  test('ZT row 159: with several, the header is required', async () => {
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith() }, many)
    expect(result).toMatchObject({ code: IA, text: expect.stringContaining('x-konnect-cp-id') })
  })

  test('ZT row 160: with one, calls without the header are for it', async () => {
    expect(await codeOf(tokenWith())).toBe('OK')
  })

  test.each([[''], ['x'.repeat(10_240)], ["a' OR 1=1--"], [[A, B]], [`${A}, ${B}`], ['not_a_uuid'], ['../a']])(
    'ZT row 161: the header %j is an invalid argument',
    async (cpId) => {
      expect(await on(cpId)).toMatchObject({ code: IA })
    },
  )

  test.each([['team-a'], ['default'], [A.replaceAll('-', '')], [`{${A}}`]])(
    'ZT row 161: where a platform names control planes, %s is no id of one',
    async (cpId) => {
      const named = { ...many, tenancy: { ...many.tenancy, ids: 'uuids' } } as const
      const headers = { 'client-id': 'z1', authorization: tokenWith(), 'x-konnect-cp-id': cpId }
      expect(await answer(headers, named)).toMatchObject({ code: IA, text: expect.stringContaining('UUID') })
      expect(await answer({ ...headers, 'x-konnect-cp-id': A }, named)).toBe('OK')
    },
  )

  test('ZT row 162: a uuid in upper case is the same one', async () => {
    expect(await on(A.toUpperCase())).toBe('OK')
    expect(await on('DEFAULT')).toMatchObject({ code: IA })
  })

  test('ZT rows 163, 164, 167: an unknown and a foreign one get the same bytes', async () => {
    const foreign = await on(B)
    expect(foreign).toMatchObject({ code: U })
    expect(await on(unknown)).toEqual(foreign)
    expect(await on(A, signed(BASE_HEADER, BASE_CLAIMS, zoneKeyB))).toEqual(foreign)
    expect(await on(A, tokenWith({}, { kid: '9' }))).toEqual(foreign)
    expect(await on(A, tokenWith({ exp: T - 1 }))).toEqual(foreign)
    expect(await on(unknown, 'x')).toEqual(foreign)
  })

  test('ZT row 163: for an unknown one, and for an unknown key, one signature is verified as for a foreign one', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    onTestFinished(() => verify.mockRestore())
    const verified = async (cpId: string, token = tokenWith()) => {
      verify.mockClear()
      await on(cpId, token)
      return verify.mock.calls.length
    }
    expect([await verified(B), await verified(unknown)]).toEqual([1, 1])
    expect(await verified(A, tokenWith({}, { kid: '9' }))).toBe(1)
  })

  test("ZT row 137: one control plane's revocations do not touch another's tokens", async () => {
    expect(await on(A)).toBe('OK')
  })

  test('ZT row 168: the same zone name on two control planes is two identities', async () => {
    expect(await on(A)).toBe('OK')
    expect(await on(B, signed(BASE_HEADER, { ...BASE_CLAIMS, jti: 'other' }, zoneKeyB))).toBe('OK')
  })

  test('another header name can be configured', async () => {
    const tenancy = { fallback: undefined, cpIdHeader: 'x-cp', ids: 'names' } as const
    const headers = { 'client-id': 'z1', authorization: tokenWith(), 'x-cp': A }
    expect(await answer(headers, { ...many, tenancy })).toBe('OK')
  })
})

describe('other kinds of token', () => {
  const dataplane = { Name: 'dp-1', Mesh: 'default', exp: T + 60 }
  const user = { Name: 'mesh-system:admin', Groups: ['mesh-system:admin'], exp: T + 60 }

  test.each([
    ['200', signed(BASE_HEADER, dataplane, userKeyA), U],
    ['201', signed(BASE_HEADER, dataplane), PD],
    ['203a', signed(BASE_HEADER, user, userKeyA), U],
    ['203b', signed(BASE_HEADER, user), PD],
    ['212', signed({ alg: 'RS256', kid: 'k8s-key' }, { iss: 'kubernetes/serviceaccount', exp: T + 60 }, userKeyA), U],
    ['192', 'spat_a.b.c', U],
  ])('ZT row %s does not let a zone in', async (_row, token, expected) => {
    expect(await codeOf(token)).toBe(expected)
  })
})

test('N0: a refusal is logged once with who and why, and neither log nor text holds the token', async () => {
  const lines: { message: string; fields: LogFields }[] = []
  const counted: unknown[] = []
  const gauge = { add() {}, set() {}, observe() {} }
  const counter = (_name: string, labels: unknown) => ({ add: (amount: number) => void counted.push([amount, labels]) })
  const metrics = { counter, gauge: () => gauge, histogram: () => gauge }
  for (const token of [tokenWith({ Zone: 'z2' }), tokenWith({ exp: T - 1 }), tokenWith({}, { kid: '9' }), 'secret-x']) {
    const result = await answer({ 'client-id': 'z1', authorization: token }, { log: recordingLogger(lines), metrics })
    for (const part of token.split('.')) expect(JSON.stringify([result, lines])).not.toContain(part)
  }
  const reasons = ['other-zone', 'expired', 'unknown-key', 'malformed']
  expect(lines.map(({ fields }) => fields.reason)).toEqual(reasons)
  expect(lines.every(({ fields }) => fields.zone === 'z1' && fields.tenant === 'default')).toBe(true)
  expect(counted).toEqual(reasons.map((reason) => [1, { reason }]))
})

test('ZT row 131: a global can ask for the ID of the control plane as the audience', async () => {
  const option = { audienceIsTenant: true }
  expect(await codeOf(tokenWith({ aud: 'default' }), option)).toBe('OK')
  expect(await codeOf(tokenWith({ aud: 'another' }), option)).toBe(U)
  expect(await codeOf(tokenWith(), option)).toBe(U)
})
