import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import type { Controller } from '../../src/conformance/controller.js'
import type { CaseResult, ConformanceResult } from '../../src/conformance/result.js'
import { Run } from '../../src/conformance/runner.js'
import { KumaCp } from './support/kuma-cp.js'
import { describeWith } from './support/peers.js'

/** Each starts a zone of its own, which may wait 20 s before it dials again. */
const WITHIN_MS = 300_000

describeWith(['KUMA_CP'], 'tokens: a real zone, judged by the suite as its global', () => {
  const dir = mkdtempSync(join(tmpdir(), 'zonelab-interop-'))
  let result: ConformanceResult

  beforeAll(async () => {
    result = await new Run({
      target: { name: 'kuma-cp', clock: systemClock, random: systemRandom },
      controller: kumaZones(dir),
      log: undefined,
      selection: { profiles: ['zone-client'], cases: ['ZT-003', 'ZT-142', 'ZT-219'], levels: [], safeties: ['safe'] },
      behaviours: { answers: 'kuma-or-zonelab', openStream: 'parity' },
      ratePerSecond: 1,
      callTimeoutMs: 1,
      expectedFailures: new Set(),
      isZonelab: false,
      toolVersion: '0',
      signal: new AbortController().signal,
      observer: { onPlan() {}, onTarget() {}, onAttempt() {}, onCase() {} },
    }).run()
  }, WITHIN_MS)

  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  const found = (id: string) => result.cases.find((one) => one.id === id) as CaseResult

  test('it has no token at this revision, and the suite says so', () => {
    expect(found('ZT-003').outcome).toMatchObject({ kind: 'failed', why: expect.stringContaining('no credential') })
    expect(result.verdict.kind).toBe('not conformant')
  })

  test('a health check that is refused ends its session, and it comes back', () => {
    expect(found('ZT-142').outcome).toEqual({ kind: 'passed' })
  })

  test('it sends not a byte to a global that it does not trust, which without a token proves nothing', () => {
    const { outcome, attempts } = found('ZT-219')
    const silent = attempts.filter(({ variant }) => variant.endsWith('not a byte is sent below TLS'))
    expect(silent.map(({ verdict }) => verdict)).toEqual(['passed', 'passed', 'passed'])
    expect(outcome).toMatchObject({ kind: 'inconclusive', why: expect.stringContaining('with a credential 0') })
  })
})

/** Each zone is a kuma-cp in memory on ports of its own. */
function kumaZones(dir: string): Controller {
  return {
    exclusive: false,
    hooks: new Set(['start-zone', 'log']),
    start: () => Promise.reject(new Error('this judges zones')),
    async startZone({ zone, globalAddress, caFile, tokenFile, skipVerify }) {
      const env = {
        KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE: caFile,
        KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY: String(skipVerify),
        KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH: tokenFile,
      }
      const kuma = await KumaCp.start({ mode: 'zone', name: zone, dir: join(dir, zone), globalAddress, env })
      return { kind: 'running', log: async () => kuma.child.log(), stop: () => kuma.stop() }
    },
  }
}
