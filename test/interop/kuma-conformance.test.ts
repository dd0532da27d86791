import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_USER_TOKEN, dataplaneKeys, type KeyPlace, USER_KEYS } from '../../src/auth/token-secrets.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import type { Endpoint } from '../../src/conformance/controller.js'
import { type Profile, SAFETIES } from '../../src/conformance/matrix.js'
import type { CaseResult, ConformanceResult } from '../../src/conformance/result.js'
import { Run } from '../../src/conformance/runner.js'
import { Target } from '../../src/conformance/target.js'
import { TargetApi } from '../../src/conformance/target-api.js'
import { readSigningKey } from '../../src/conformance/target-keys.js'
import { certificateOf } from './support/certificate.js'
import { eventually } from './support/eventually.js'
import type { KumaCp } from './support/kuma-cp.js'
import { describeWith } from './support/peers.js'
import { World } from './support/world.js'

/** The table of docs/conformance.md, seen: each row that Kuma does not pass is named, and every other one is passed. */
describeWith(['KUMA_CP'], 'tokens: a real control plane is judged by the whole of a profile', () => {
  const world = new World()
  let global: KumaCp
  let zone: KumaCp

  beforeAll(async () => {
    global = await world.kumaGlobal()
    zone = await world.kumaZone('zone-1', '', { env: { KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: 'dpToken' } })
  })
  afterAll(() => world.stop())

  test('with user tokens it fails nothing; who comes from localhost is an operator to show', {
    timeout: 300_000,
  }, async () => {
    const api = await adminOf(global, USER_KEYS)
    const { cases } = await judged('user-token', { address: addressOf(api.url), trust: { kind: 'plaintext' }, api })
    expect(standingOtherwise(cases)).toEqual(['ZT-207 not-run'])
    expect(cases.length).toBe(80)
  })

  test('with dataplane tokens it takes a payload of null, and fails nothing else', { timeout: 300_000 }, async () => {
    const keys = dataplaneKeys('default')
    const caPem = await certificateOf(zone.dpPort)
    const endpoint = { address: `127.0.0.1:${zone.dpPort}`, trust: { kind: 'ca', caPem } as const }
    const { cases } = await judged('dataplane-token', { ...endpoint, api: await adminOf(zone, keys) }, keys)
    expect(standingOtherwise(cases)).toEqual(['ZT-082 failed'])
    expect(cases.length).toBe(79)
  })
})

function judged(profile: Profile, endpoint: Endpoint, keys: KeyPlace = USER_KEYS): Promise<ConformanceResult> {
  const ports = { clock: systemClock, random: systemRandom }
  return Target.of(endpoint, {}, ports, keys).then((target) =>
    new Run({
      target,
      controller: undefined,
      log: undefined,
      selection: { profiles: [profile], cases: [], levels: [], safeties: SAFETIES },
      behaviours: { answers: 'kuma-or-zonelab', openStream: 'parity' },
      ratePerSecond: 200,
      callTimeoutMs: 20_000,
      expectedFailures: new Set(),
      isZonelab: false,
      toolVersion: '0',
      signal: new AbortController().signal,
      observer: { onPlan() {}, onTarget() {}, onAttempt() {}, onCase() {} },
    }).run(),
  )
}

/** Its API as its admin. Kuma makes keys and the admin's token in the background, some seconds after it is ready. */
async function adminOf({ rest }: KumaCp, keys: KeyPlace) {
  const api = new TargetApi({ url: rest.url, userToken: undefined })
  return eventually(30_000, async () => {
    await readSigningKey(api, keys)
    const secret = await api.get(`/global-secrets/${ADMIN_USER_TOKEN.name}`)
    if (secret === undefined) throw new Error('there is no token of the admin yet')
    return { url: rest.url, userToken: Buffer.from(String(secret.data), 'base64').toString() }
  })
}

function addressOf(url: string): string {
  return new URL(url).host
}

function standingOtherwise(cases: readonly CaseResult[]): readonly string[] {
  return cases.flatMap(({ id, outcome }) => (outcome.kind === 'passed' ? [] : [`${id} ${outcome.kind}`]))
}
