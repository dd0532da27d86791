import type { Attempt, CaseResult, ConformanceResult, Exchange } from '../../../../src/conformance/result.js'
import { totalsOf, verdictOf } from '../../../../src/conformance/verdict.js'

/** Texts that a report has to take as they come: from a target, nothing is harmless. */
export const NASTY = 'said <script>alert("x")</script> & | # `y`\n]]> nul\u0000 end'

export function exchange(answer: Exchange['answer'], text = ''): Exchange {
  return {
    path: '/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync',
    metadata: [
      [':path', '/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync'],
      ['client-id', 'zl-conf-1'],
      ['authorization', '<token: alg none, kid 1>'],
    ],
    frames: ['> HEADERS stream=1 END_HEADERS 412 B', '< HEADERS stream=1 END_STREAM grpc-status=16'],
    answer,
    text,
    elapsedMs: 12,
  }
}

export function attempt(change: Partial<Attempt> = {}): Attempt {
  return {
    rpc: 'GlobalToZoneSync',
    variant: 'alg none',
    expected: ['UNAUTHENTICATED'],
    call: { ...exchange('UNAUTHENTICATED', 'invalid zone token'), status: 16, trailersOnly: true },
    verdict: 'passed',
    control: exchange('OK'),
    probes: [{ what: 'legal peer served', held: true }],
    ...change,
  }
}

export function caseResult(id: CaseResult['id'], change: Partial<CaseResult> = {}): CaseResult {
  return {
    id,
    area: 'algorithm',
    title: 'alg none is refused',
    level: 'MUST',
    basis: 'rfc',
    norm: 'RFC 8725 §3.2',
    safety: 'safe',
    needs: ['wire', 'keys'],
    reproduce: `zonelab conformance run --case ${id} --target 127.0.0.1:5685`,
    outcome: { kind: 'passed' },
    elapsedMs: 40,
    attempts: [attempt(), attempt({ rpc: 'StreamStats' })],
    ...change,
  }
}

/** One case of every standing. */
export const EVERY_STANDING: readonly CaseResult[] = [
  caseResult('ZT-030'),
  caseResult('ZT-033', {
    outcome: { kind: 'failed', why: NASTY },
    attempts: [
      attempt({
        verdict: 'failed',
        why: NASTY,
        call: exchange('OK', NASTY),
        probes: [{ what: 'no zone created', held: false, detail: 'zl-conf-1 is there' }],
      }),
    ],
  }),
  caseResult('ZT-044', { area: 'key-selection', level: 'SHOULD', outcome: { kind: 'failed', why: 'accepted' } }),
  caseResult('ZT-046', {
    area: 'key-selection',
    level: 'REPORT',
    basis: 'ours',
    outcome: { kind: 'failed', why: 'accepted' },
  }),
  caseResult('ZT-047', {
    area: 'key-selection',
    outcome: { kind: 'failed', why: 'known' },
    expectation: 'expected-failure',
  }),
  caseResult('ZT-048', { area: 'key-selection', expectation: 'unexpected-pass' }),
  caseResult('ZT-097', { area: 'time', outcome: { kind: 'inconclusive', why: 'the control was refused' } }),
  caseResult('ZT-116', { area: 'time', outcome: { kind: 'not-run', reason: 'needs operator' }, attempts: [] }),
]

export function resultOf(cases: readonly CaseResult[], change: Partial<ConformanceResult> = {}): ConformanceResult {
  return {
    kind: 'zonelab.conformance/v1',
    header: {
      tool: { name: 'zonelab', version: '0.1.0' },
      caseSet: { digest: 'sha256:0a1b2c', cases: cases.length },
      target: {
        address: '127.0.0.1:5685',
        certificateFingerprint: 'SHA256:AB:CD:EF',
        api: 'http://127.0.0.1:5681',
        product: 'Kuma 3.0.0',
        isZonelab: false,
      },
      profiles: ['zone-jwt'],
      behaviours: { answers: 'kuma-or-zonelab', openStream: 'parity' },
      startedAt: '2026-11-27T20:00:00.000Z',
      endedAt: '2026-11-27T20:00:41.500Z',
      totals: totalsOf(cases),
    },
    verdict: verdictOf({ cases, servesAnyone: false, brokenOff: undefined }),
    cases,
    leftBehind: [],
    ...change,
  }
}

/** A run without a failure in which a MUST row did not run. */
export const PARTIAL = resultOf([
  caseResult('ZT-030'),
  caseResult('ZT-116', { area: 'time', outcome: { kind: 'not-run', reason: 'needs operator' }, attempts: [] }),
])
/** What failed was listed as what would. */
export const AS_EXPECTED = resultOf([
  caseResult('ZT-047', { outcome: { kind: 'failed', why: 'known' }, expectation: 'expected-failure' }),
])
export const CONFORMANT = resultOf([caseResult('ZT-030')])
export const FAILED = resultOf(EVERY_STANDING, { leftBehind: ['Zone zl-conf-1'] })
