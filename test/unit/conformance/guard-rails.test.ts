import { describe, expect, test, vi } from 'vitest'
import { fakeApi } from './fake-api.js'
import { conformanceRunWith, type Flags, fileWith } from './run-command.js'

/** Whom a run may not disturb. Nothing listens at the target: what is not stopped by a guard ends there, with exit code 3. */

vi.setConfig({ testTimeout: 60_000 })

const TARGET = 'grpc://127.0.0.1:1'
const STOPPED = 4
const WENT_ON = 3

const tokenFor = (zone: string) =>
  ['{"alg":"RS256","kid":"1"}', JSON.stringify({ Zone: zone, Scope: ['cp'] }), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')

const asZone1 = (flags: Flags) =>
  conformanceRunWith({ target: TARGET, 'token-file': fileWith(tokenFor('zone-1')), ...flags })

const overview = (...subscriptions: readonly object[]) => ({
  'GET /zones/zone-1/_overview': { status: 200, body: { name: 'zone-1', zoneInsight: { subscriptions } } },
})
const CONNECTED = { connectTime: '2026-01-01T00:00:00Z' }
const GONE = { ...CONNECTED, disconnectTime: '2026-01-01T01:00:00Z' }

describe('a token that was handed over is of a zone, which', () => {
  test('stops the run where it is online', async () => {
    const { code, err } = await asZone1({ api: await fakeApi(overview(GONE, CONNECTED)) })
    expect(err).toContain('zone zone-1 is online; a run acts as this zone. --zone-is-mine goes on all the same')
    expect(code).toBe(STOPPED)
  })

  test('stops it where that cannot be read', async () => {
    const forbidden = { status: 403, body: { title: 'Access Denied' } }
    const api = await fakeApi({ 'GET /zones/zone-1/_overview': forbidden })
    const { code, err } = await asZone1({ api })
    expect(err).toContain(
      'zone zone-1 may be online: the API answers GET /zones/zone-1/_overview with 403: Access Denied',
    )
    expect(code).toBe(STOPPED)
  })

  test('stops it where there is no API to read it from', async () => {
    const { code, err } = await asZone1({})
    expect(err).toContain('zone zone-1 may be online, and without --api that cannot be read')
    expect(code).toBe(STOPPED)
  })

  test('does not stop it where it is offline', async () => {
    expect((await asZone1({ api: await fakeApi(overview(GONE)) })).code).toBe(WENT_ON)
  })

  test('does not stop it where there is no such zone', async () => {
    expect((await asZone1({ api: await fakeApi({}) })).code).toBe(WENT_ON)
  })

  test('does not stop it where the operator says that it is theirs', async () => {
    expect((await asZone1({ 'zone-is-mine': true })).code).toBe(WENT_ON)
    expect((await asZone1({ 'zone-is-mine': true, api: await fakeApi(overview(CONNECTED)) })).code).toBe(WENT_ON)
  })
})

describe('what is hostile goes to this machine alone, unless it is allowed:', () => {
  test.each([
    ['the target', { target: '192.0.2.1:5685' }, '192.0.2.1:5685'],
    ['a target with a name', { target: 'grpc://kds.example:5685' }, 'kds.example:5685'],
    ['a target of IPv6', { target: '[2001:db8::1]:5685' }, '[2001:db8::1]:5685'],
    ['the API', { target: TARGET, api: 'https://192.0.2.1' }, '192.0.2.1:443'],
    ['where sidecars start', { target: TARGET, bootstrap: 'http://192.0.2.1:5678' }, '192.0.2.1:5678'],
    ['the API alone', { profile: ['user-token'], api: 'http://192.0.2.1' }, '192.0.2.1:80'],
  ])('%s', async (_what, flags, place) => {
    const { code, err } = await conformanceRunWith(flags)
    expect(err).toContain(`${place} is not on this machine`)
    expect(err).toContain(`--allow-target ${place}`)
    expect(code).toBe(STOPPED)
  })

  test('each place is allowed by its own name', async () => {
    const flags = { target: '192.0.2.1:5685', api: 'http://192.0.2.2:5681' }
    const { code, err } = await conformanceRunWith({ ...flags, 'allow-target': ['192.0.2.1:5685'] })
    expect(err).toContain('192.0.2.2:5681 is not on this machine')
    expect(code).toBe(STOPPED)
  })

  test('this machine has several names', async () => {
    for (const target of ['grpc://localhost:1', 'grpc://127.0.0.2:1', 'grpc://[::1]:1']) {
      expect((await conformanceRunWith({ target, 'token-file': fileWith(tokenFor('z')) })).err).not.toContain(
        'not on this machine',
      )
    }
  })
})

describe('a flag that would be passed over is a mistake', () => {
  test.each([
    ['--api without a target', { api: 'http://127.0.0.1:5681' }, '--api goes with --target'],
    ['--ca without a target', { ca: 'ca.crt' }, '--ca goes with --target'],
    ['--api beside a lab', { lab: 'default', api: 'http://127.0.0.1:5681' }, '--api goes with --target'],
    ['two targets', { lab: 'default', target: TARGET }, 'use one of them'],
    ['--target-log of a throw-away target', { 'target-log': 'cp.log' }, '--target-log is of a target'],
    ['--controller of a throw-away target', { controller: 'c.mjs' }, '--controller is of a target'],
    ['an API without a scheme', { target: TARGET, api: '127.0.0.1:5681' }, 'use http://host:port'],
    ['a target without a port', { target: '127.0.0.1' }, 'use host:port'],
    ['a case that there is not', { case: ['ZT-999'] }, 'there is no such case'],
  ])('%s', async (_what, flags, words) => {
    const { code, err } = await conformanceRunWith(flags)
    expect(err).toContain(words)
    expect(code).toBe(2)
  })

  test('a user token of two lines', async () => {
    const flags = { target: TARGET, api: 'http://127.0.0.1:1', 'user-token-file': fileWith('one\ntwo') }
    const { code, err } = await conformanceRunWith(flags)
    expect(err).toContain('has a character that no token has')
    expect(code).toBe(2)
  })
})
