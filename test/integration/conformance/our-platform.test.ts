import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { labController } from '../../../src/cli/conformance/lab-controller.js'
import { CASES } from '../../../src/conformance/cases/catalogue.js'
import type { Instance } from '../../../src/conformance/controller.js'
import type { Profile } from '../../../src/conformance/matrix.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { Target } from '../../../src/conformance/target.js'

/** Both profiles of zones that a platform admits, whole. */
const PROFILES: readonly Profile[] = ['konnect-sat', 'kds-multitenant']
const IDS = CASES.filter(({ profiles }) => profiles.some((one) => PROFILES.includes(one))).map(({ id }) => id)

let instance: Instance
let target: Target
let result: ConformanceResult

beforeAll(async () => {
  const started = await labController.start({ auth: 'sat' })
  if (started.kind === 'refused') throw new Error(started.text)
  instance = started
  target = await Target.of(instance.endpoint, {}, { clock: systemClock, random: systemRandom })
  result = await new Run({
    target,
    controller: labController,
    log: undefined,
    selection: { profiles: PROFILES, cases: [], levels: [], safeties: ['safe', 'leaves-traces', 'intrusive'] },
    behaviours: { answers: 'zonelab', openStream: 'parity' },
    ratePerSecond: 10_000,
    callTimeoutMs: 20_000,
    expectedFailures: new Set(),
    isZonelab: true,
    toolVersion: '0',
    signal: new AbortController().signal,
    observer: { onPlan: () => {}, onTarget: () => {}, onAttempt: () => {}, onCase: () => {} },
  }).run()
}, 300_000)

afterAll(() => instance.stop())

describe('a platform of ours and its global', () => {
  test.each(IDS)('%s passes', (id) => {
    expect(result.cases.find((one) => one.id === id)?.outcome).toEqual({ kind: 'passed' })
  })

  test('are conformant, with every row run', () => {
    expect(result.verdict).toEqual({ kind: 'conformant' })
    expect(result.header.totals).toMatchObject({ run: IDS.length, notRun: {} })
  })

  test('hostile calls have a control that was accepted, and probes', () => {
    const attempts = result.cases.flatMap(({ attempts }) => attempts)
    const hostile = attempts.filter(({ rpc, expected }) => rpc !== undefined && !expected.includes('OK'))
    expect(hostile.length).toBeGreaterThan(100)
    expect(hostile.every(({ control, probes }) => control?.answer === 'OK' && probes.length >= 3)).toBe(true)
  })

  test('nothing of the run is left', async () => {
    expect(result.leftBehind).toEqual([])
    for (const path of ['/v1/mesh/control-planes', '/v3/system-accounts']) {
      expect((await target.platform?.api.get(path))?.data).toEqual([])
    }
  })

  test('no token of it is in the result', async () => {
    expect(JSON.stringify(result)).not.toMatch(/[sk]pat_[0-9A-Za-z]{49}/)
  })
})
