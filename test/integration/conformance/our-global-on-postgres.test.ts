import { beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { labControllerOver, type StoresOf } from '../../../src/cli/conformance/lab-controller.js'
import type { Controller } from '../../../src/conformance/controller.js'
import { type Profile, SAFETIES } from '../../../src/conformance/matrix.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { Target } from '../../../src/conformance/target.js'
import { describePostgres } from '../../support/postgres.js'

/** Whole, because an answer may hang on what is stored at any row: 40 s and 15 s of one core. Twenty times that on a machine that is full. */
const WITHIN_MS = 600_000

describePostgres('a global of ours on Postgres', (subject) => {
  let controller: Controller

  beforeAll(() => {
    // A database for each target, with the records of its platform beside the resources of its global.
    const stores: StoresOf = async () => {
      const { appUrl } = await subject.database()
      const settings = { store: appUrl, postgresMaxOpenConnections: '4' }
      return { global: settings, platform: settings }
    }
    controller = labControllerOver(stores)
  })

  test.each([
    ['zone-jwt', 'zone-token'],
    ['konnect-sat', 'sat'],
  ] as const)('is conformant for %s, with no row left out', { timeout: WITHIN_MS }, async (profile, auth) => {
    const instance = await controller.start({ auth })
    if (instance.kind === 'refused') throw new Error(instance.text)
    const target = await Target.of(instance.endpoint, {}, { clock: systemClock, random: systemRandom })
    const { cases, verdict, header, leftBehind } = await judged(target, profile)
    await instance.stop()
    const others = cases.filter(({ outcome }) => outcome.kind !== 'passed')
    expect(others.map(({ id, outcome }) => ({ id, outcome }))).toEqual([])
    expect(verdict).toEqual({ kind: 'conformant' })
    expect(header.totals.notRun).toEqual({})
    expect(leftBehind).toEqual([])
  })

  function judged(target: Target, profile: Profile): Promise<ConformanceResult> {
    return new Run({
      target,
      controller,
      log: undefined,
      selection: { profiles: [profile], cases: [], levels: [], safeties: SAFETIES },
      behaviours: { answers: 'zonelab', openStream: 'parity' },
      ratePerSecond: 10_000,
      callTimeoutMs: 20_000,
      expectedFailures: new Set(),
      isZonelab: true,
      toolVersion: '0',
      signal: new AbortController().signal,
      observer: { onPlan: () => {}, onTarget: () => {}, onAttempt: () => {}, onCase: () => {} },
    }).run()
  }
})
