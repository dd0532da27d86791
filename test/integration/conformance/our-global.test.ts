import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { dataplaneKeys, USER_KEYS } from '../../../src/auth/token-secrets.js'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { labController } from '../../../src/cli/conformance/lab-controller.js'
import { throwAwayZone } from '../../../src/cli/conformance/throw-away-zone.js'
import type { Instance } from '../../../src/conformance/controller.js'
import { type Profile, SAFETIES } from '../../../src/conformance/matrix.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { Target } from '../../../src/conformance/target.js'

/** One case of each kind against a real global; the whole matrix is the continuous integration's. */
const CASES = ['ZT-001', 'ZT-003', 'ZT-012', 'ZT-022', 'ZT-025', 'ZT-030', 'ZT-033', 'ZT-056', 'ZT-090', 'ZT-097']
/** Token kinds that are shown where they open nothing. */
const CROSS_USE = ['ZT-200', 'ZT-201', 'ZT-203', 'ZT-212', 'ZT-213', 'ZT-214']
const PORTS = { clock: systemClock, random: systemRandom }

let instance: Instance
let result: ConformanceResult
let before: readonly string[]

beforeAll(async () => {
  const started = await labController.start({})
  if (started.kind === 'refused') throw new Error(started.text)
  instance = started
  const target = await Target.of(instance.endpoint, {}, PORTS)
  before = await zonesOf(target)
  result = await runOf(target, 'zone-jwt', CASES)
}, 120_000)

afterAll(() => instance.stop())

describe('a global of ours', () => {
  test.each(CASES)('%s passes', (id) => {
    const found = result.cases.find((one) => one.id === id)
    expect(found?.outcome).toEqual({ kind: 'passed' })
    expect(found?.attempts.length).toBeGreaterThanOrEqual(6)
  })

  test('hostile calls have a control that was accepted, and probes', () => {
    const hostile = result.cases.flatMap(({ attempts }) => attempts).filter(({ expected }) => !expected.includes('OK'))
    expect(hostile.length).toBeGreaterThan(100)
    expect(hostile.every(({ control, probes }) => control?.answer === 'OK' && probes.length >= 3)).toBe(true)
  })

  test('a run of some cases is partial, never conformant', () => {
    expect(result.verdict.kind).toBe('partial')
  })

  test('no zone of the run is left', async () => {
    expect(result.leftBehind).toEqual([])
    expect(await zonesOf(await Target.of(instance.endpoint, {}, PORTS))).toEqual(before)
  })

  test('the result shows what was sent and no signature of it', () => {
    const shown = result.cases.flatMap(({ attempts }) => attempts.flatMap(({ call }) => call?.metadata ?? []))
    const tokens = shown.filter(([name]) => name === 'authorization').map(([, value]) => value)
    expect(tokens.some((token) => token.includes('{"alg":"HS256"'))).toBe(true)
    expect(tokens.filter((token) => /[\w-]{100,}/.test(token))).toEqual([])
  })
})

describe('token kinds of our global', () => {
  test.each(CROSS_USE)('%s passes', { timeout: 60_000 }, async (id) => {
    const { cases } = await runOf(await Target.of(instance.endpoint, {}, PORTS), 'zone-jwt', [id])
    expect(cases.find((one) => one.id === id)?.outcome).toEqual({ kind: 'passed' })
  })

  test('its REST API is conformant with user tokens, whole', { timeout: 300_000 }, async () => {
    const target = await Target.of(instance.endpoint, {}, PORTS, USER_KEYS)
    const { header, verdict } = await runOf(target, 'user-token', [])
    expect(verdict).toEqual({ kind: 'conformant' })
    expect(header.totals).toMatchObject({ failed: 0, inconclusive: 0, notRun: {} })
    expect(header.totals.passed).toBeGreaterThan(70)
  })

  test('doors of two kinds are no one run', async () => {
    const target = await Target.of(instance.endpoint, {}, PORTS)
    expect(() => runnerOf(target, ['zone-jwt', 'user-token'], [])).toThrow('one after another')
  })
})

describe('sidecars of a zone of ours', () => {
  test('are let in conformantly with dataplane tokens, whole', { timeout: 300_000 }, async () => {
    const zone = await throwAwayZone()
    onTestFinished(() => zone.stop())
    const target = await Target.of(zone.endpoint, {}, PORTS, dataplaneKeys('default'))
    const { header, verdict } = await runOf(target, 'dataplane-token', [])
    expect(verdict).toEqual({ kind: 'conformant' })
    expect(header.totals).toMatchObject({ failed: 0, inconclusive: 0, notRun: {} })
    expect(header.totals.passed).toBeGreaterThan(70)
    expect(await target.api?.get('/meshes/default/dataplanes')).toMatchObject({ total: 0 })
  })
})

function runOf(target: Target, profile: Profile, cases: readonly string[]): Promise<ConformanceResult> {
  return runnerOf(target, [profile], cases).run()
}

function runnerOf(target: Target, profiles: readonly Profile[], cases: readonly string[]): Run {
  return new Run({
    target,
    controller: labController,
    log: undefined,
    selection: { profiles, cases, levels: [], safeties: SAFETIES },
    behaviours: { answers: 'zonelab', openStream: 'parity' },
    ratePerSecond: 10_000,
    callTimeoutMs: 20_000,
    expectedFailures: new Set(),
    isZonelab: true,
    toolVersion: '0',
    signal: new AbortController().signal,
    observer: { onPlan: () => {}, onTarget: () => {}, onAttempt: () => {}, onCase: () => {} },
  })
}

async function zonesOf({ api }: Target): Promise<readonly string[]> {
  const list = await api?.get('/zones?size=1000')
  const items = (list?.items ?? []) as readonly { name: string }[]
  return items.map(({ name }) => name)
}
