import { describe, expect, test } from 'vitest'
import type { ApiRequest } from '../../../src/auth/api-user.js'
import { UserAuthenticator } from '../../../src/auth/user-authenticator.js'
import { AppError } from '../../../src/base/errors.js'
import { type LogFields, silentLogger } from '../../../src/base/log.js'
import { FakeClock } from '../../support/fake-clock.js'
import { BASE_CLAIMS, BASE_HEADER, recordingLogger, signed, T, trustOf, userKeyA, zoneKeyA } from './token-lab.js'

const ADMIN_GROUPS = ['mesh-system:admin', 'mesh-system:authenticated']
const ANONYMOUS = { name: 'mesh-system:anonymous', groups: ['mesh-system:unauthenticated'] }
const userToken = (claims: Record<string, unknown> = {}, key = userKeyA) =>
  signed(BASE_HEADER, { Name: 'joe', Groups: ['team'], exp: T + 60, nbf: T - 5, jti: 'u1', ...claims }, key)

const users = (options: Partial<ConstructorParameters<typeof UserAuthenticator>[0]> = {}) =>
  new UserAuthenticator({
    localhostIsAdmin: true,
    trust: trustOf({ '1': userKeyA }, 'revoked'),
    clock: new FakeClock(T * 1000),
    log: silentLogger,
    ...options,
  })
const remote = (authorization?: string): ApiRequest => ({
  remoteAddress: '10.0.0.1',
  headers: authorization === undefined ? {} : { authorization },
})
const local = (headers: ApiRequest['headers'] = {}): ApiRequest => ({
  remoteAddress: '127.0.0.1',
  headers: { host: 'localhost:5681', ...headers },
})

describe('who calls', () => {
  test('ZT row 207: from localhost, the admin, whatever token it sends', async () => {
    const admin = { name: 'mesh-system:admin', groups: ADMIN_GROUPS }
    expect(await users().authenticate(local())).toEqual(admin)
    expect(await users().authenticate(local({ authorization: 'Bearer x' }))).toEqual(admin)
  })

  test('ZT row 207: through a proxy or from a foreign page, anonymous', async () => {
    expect(await users().authenticate(local({ 'x-forwarded-for': '10.0.0.1' }))).toEqual(ANONYMOUS)
    expect(await users().authenticate(local({ origin: 'http://example.com' }))).toEqual(ANONYMOUS)
    expect(await users().authenticate(local({ host: 'example.com' }))).toEqual(ANONYMOUS)
  })

  test('with localhost-is-admin off, localhost is like any other place', async () => {
    const strict = users({ localhostIsAdmin: false })
    expect(await strict.authenticate(local())).toEqual(ANONYMOUS)
    expect(await strict.authenticate(local({ authorization: `Bearer ${userToken()}` }))).toMatchObject({ name: 'joe' })
  })

  test('with a user token, the user, and its groups and one more', async () => {
    expect(await users().authenticate(remote(`Bearer ${userToken()}`))).toEqual({
      name: 'joe',
      groups: ['team', 'mesh-system:authenticated'],
    })
    for (const Groups of [null, undefined, []]) {
      const groups = ['mesh-system:authenticated']
      expect(await users().authenticate(remote(`Bearer ${userToken({ Groups })}`))).toEqual({ name: 'joe', groups })
    }
  })

  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['ZT row 209: bearer in lower case', `bearer ${userToken()}`],
    ['a bare token', userToken()],
    ['basic', 'Basic dTpw'],
    ['Bearer without a space', 'Bearer'],
  ])('with %s, anonymous', async (_title, authorization) => {
    expect(await users().authenticate(remote(authorization))).toEqual(ANONYMOUS)
  })
})

describe('a token after Bearer that does not hold is 401, and the log says why', () => {
  test.each([
    ['empty', '', 'malformed'],
    ['garbage', 'x', 'malformed'],
    ['two spaces', ` ${userToken()}`, 'malformed'],
    ['too long', 'x'.repeat(20_000), 'too-large'],
    ['expired', userToken({ exp: T }), 'expired'],
    ['not valid yet', userToken({ nbf: T + 1 }), 'not-yet-valid'],
    ['without an end', userToken({ exp: undefined }), 'invalid-claims'],
    ['revoked', userToken({ jti: 'revoked' }), 'revoked'],
    ['signed with another key', userToken({}, zoneKeyA), 'bad-signature'],
    ['without a name', userToken({ Name: '' }), 'no-name'],
    ['groups that are no list', userToken({ Groups: 'team' }), 'malformed'],
    ['ZT rows 204, 205: a zone token', signed(BASE_HEADER, BASE_CLAIMS, zoneKeyA), 'bad-signature'],
    ['ZT row 204: a zone token by a shared key', signed(BASE_HEADER, BASE_CLAIMS, userKeyA), 'no-name'],
  ])('%s', async (_title, token, reason) => {
    const lines: { message: string; fields: LogFields }[] = []
    const asking = users({ log: recordingLogger(lines) }).authenticate(remote(`Bearer ${token}`))
    await expect(asking).rejects.toMatchObject({ code: 'unauthenticated', message: 'Unauthenticated' })
    expect(lines.map(({ fields }) => fields.reason)).toEqual([reason])
    if (token.length > 10) expect(JSON.stringify(lines)).not.toContain(token.trim())
  })
})

test('when keys cannot be known it is 503, not anonymous and not 401', async () => {
  const down = async () => {
    throw new AppError('unavailable', 'the store is away')
  }
  const trust = { ...trustOf({}), keys: { publicKey: down } }
  const asking = users({ trust }).authenticate(remote(`Bearer ${userToken()}`))
  await expect(asking).rejects.toMatchObject({ code: 'unavailable' })
})
