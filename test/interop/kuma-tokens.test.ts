import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { USER_KEYS } from '../../src/auth/token-secrets.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import type { Bench } from '../../src/conformance/bench.js'
import { CASES } from '../../src/conformance/cases/catalogue.js'
import { Run } from '../../src/conformance/runner.js'
import { Target } from '../../src/conformance/target.js'
import { TargetApi } from '../../src/conformance/target-api.js'
import { readSigningKey } from '../../src/conformance/target-keys.js'
import { tokenWith } from '../../src/conformance/tokens/base-token.js'
import { eventually } from './support/eventually.js'
import type { KumaCp } from './support/kuma-cp.js'
import { describeWith } from './support/peers.js'
import { World } from './support/world.js'

/** What of a case is about a token and not about KDS: one validator of Kuma's reads tokens of zones, users and sidecars alike. */
const AREAS: readonly string[] = ['algorithm', 'key-selection', 'structure', 'time']
/** More than this is no header of HTTP/1.1 to Node's client or Go's server. */
const HEADER_CHARS_MAX = 60_000

describeWith(['KUMA_CP'], 'tokens: a real control plane answers as the matrix says', () => {
  const world = new World()
  let kuma: KumaCp

  beforeAll(async () => {
    kuma = await world.kumaGlobal()
  })
  afterAll(() => world.stop())

  test('on every forged token its validator and the matrix agree', { timeout: 60_000 }, async () => {
    const bench = await userBench()
    expect(await verdict(await bench.legalToken())).toBe('OK')
    const otherwise: string[] = []
    let tried = 0
    for (const { id, area, procedure } of CASES) {
      if (!AREAS.includes(area) || procedure.kind !== 'calls') continue
      for (const { name, plan, expect: ours, kuma: theirs = [] } of procedure.variants) {
        const text = credentialOf((await plan(bench)).fields)
        if (text === undefined) continue
        tried += 1
        // On REST whoever a token names is let in: what KDS would deny for its claims is taken here.
        const answers: readonly string[] = [...ours, ...theirs].map((answer) =>
          answer === 'OK' || answer === 'PERMISSION_DENIED' ? 'OK' : 'refused',
        )
        const got = await verdict(text)
        if (!answers.includes(got)) otherwise.push(`${id} ${name}: ${got}`)
      }
    }
    expect(tried).toBeGreaterThan(150)
    expect(otherwise).toEqual([])
  })

  test('its KDS has no authentication at this revision, and the suite says so', { timeout: 60_000 }, async () => {
    const endpoint = {
      address: `127.0.0.1:${kuma.kdsPort}`,
      trust: { kind: 'plaintext' } as const,
      api: { url: kuma.rest.url, userToken: undefined },
    }
    const ports = { clock: systemClock, random: systemRandom }
    const result = await new Run({
      target: await Target.of(endpoint, {}, ports),
      controller: undefined,
      log: undefined,
      selection: { profiles: ['zone-jwt'], cases: [], levels: [], safeties: ['safe'] },
      behaviours: { answers: 'kuma-or-zonelab', openStream: 'parity' },
      ratePerSecond: 1_000,
      callTimeoutMs: 10_000,
      expectedFailures: new Set(),
      isZonelab: false,
      toolVersion: '0',
      signal: new AbortController().signal,
      observer: { onPlan() {}, onTarget() {}, onAttempt() {}, onCase() {} },
    }).run()
    expect(result.verdict.kind).toBe('no authentication')
    expect(result.leftBehind).toEqual([])
  })

  /** Makes tokens with the control plane's own key of user tokens. */
  async function userBench(): Promise<Bench> {
    const api = new TargetApi({ url: kuma.rest.url, userToken: undefined })
    // Kuma makes it in the background, some seconds after it is ready.
    const { kid, privateKey } = await eventually(30_000, () => readSigningKey(api, USER_KEYS))
    const bench: Bench = {
      zone: 'z1',
      unseenZone: 'z2',
      claims: { Zone: 'z1', Scope: ['cp'] },
      strangerKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      canaryUrl: '',
      signing: { kid, privateKey, publicKey: createPublicKey(privateKey) },
      get nowS() {
        return Math.floor(systemClock.nowMs() / 1000)
      },
      cpId: undefined,
      get platform(): never {
        throw new Error('a Kuma of its own has no platform')
      },
      uuid: () => randomUUID(),
      fields: (authorization) => (authorization === undefined ? [] : [['authorization', authorization]]),
      legalToken: async () => tokenWith(bench, {}),
      tokenOf: async (kind) => {
        throw new Error(`no ${kind} token is issued here`)
      },
      legalCall: async () => ({ fields: bench.fields(await bench.legalToken()) }),
    }
    return bench
  }

  /** A caller from elsewhere, for whom being on this machine is no credential. */
  async function verdict(token: string): Promise<string> {
    const headers = { 'x-forwarded-for': '192.0.2.1', authorization: `Bearer ${token}` }
    const { status, text } = await kuma.rest.send('GET', '/who-am-i', undefined, headers)
    return status === 200 && text.includes('mesh-system:authenticated') ? 'OK' : 'refused'
  }
})

/** The token of a call, if a header of HTTP/1.1 can carry it. */
function credentialOf(fields: Awaited<ReturnType<Bench['legalCall']>>['fields']): string | undefined {
  const value = fields.find(([name]) => name === 'authorization')?.[1]
  const text = typeof value === 'string' ? value : value?.toString('latin1')
  return text === undefined || /[^\x20-\x7e]/.test(text) || text.length > HEADER_CHARS_MAX ? undefined : text
}
