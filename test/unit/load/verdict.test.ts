import { describe, expect, test } from 'vitest'
import { loadResult } from '../../../src/load/load-result.js'
import { histogramOf, intervalLine, runOf, zoneLatency } from './run-lines.js'

const P99 = 'zone.propagation:p(99)<100ms'

describe('a run', () => {
  test('passes when its thresholds hold and nothing is lost', () => {
    const { verdict } = loadResult(runOf([intervalLine({ latency: zoneLatency(10, 20, 30) })], [P99]))
    expect(verdict).toMatchObject({ outcome: 'passed', nothingLost: true, thresholds: [{ outcome: 'held' }] })
  })

  test('shows an injected stall of 50 ms in its p99', () => {
    const quick = Array.from({ length: 95 }, () => 5)
    const stalled = Array.from({ length: 5 }, () => 55)
    const { verdict } = loadResult(
      runOf([intervalLine({ latency: zoneLatency(...quick, ...stalled) })], ['zone.propagation:p(99)<50ms']),
    )
    expect(verdict.outcome).toBe('crossed')
    expect(verdict.thresholds[0]?.measured).toBeGreaterThan(50)
  })

  test('fails when one zone lacks one of the last writes, whatever the percentiles say', () => {
    const wrong = [{ name: 'zl-k3f9ab-z2', lacks: ['MeshTimeout/x.m: has 3, should have 4'] }]
    const final = { kind: 'final' as const, zones: 2, sidecars: 0, wrong, sidecarsJudged: false }
    const { verdict } = loadResult(runOf([intervalLine({ latency: zoneLatency(1) }), final], [P99]))
    expect(verdict).toMatchObject({ outcome: 'crossed', nothingLost: false })
  })

  test('is not judged when its generator stood still and never got its zones up', () => {
    const generator = [{ name: 'zones-1', lag: histogramOf(50_000), cpu: 0.5 }]
    const wrong = [{ name: 'zl-k3f9ab-z2', lacks: ['MeshTimeout/x.m: has nothing, should have 4'] }]
    const final = { kind: 'final' as const, zones: 2, sidecars: 0, wrong, sidecarsJudged: false }
    const ramp = intervalLine({ phase: 'ramp', live: 0 })
    const { verdict } = loadResult(runOf([ramp, intervalLine({ generator }), final], [P99]))
    expect(verdict.generatorFaults).toEqual([expect.stringContaining('zones-1: its event loop lags by')])
    expect(verdict.outcome).toBe('inconclusive')
  })

  test('is not judged when a write was dropped', () => {
    const writes = { accepted: 9, refused: 0, dropped: 1, bytes: 1 }
    const { verdict } = loadResult(runOf([intervalLine({ latency: zoneLatency(1), writes })], [P99]))
    expect(verdict.outcome).toBe('inconclusive')
    expect(verdict.thresholds[0]).toMatchObject({ outcome: 'not judged', why: 'the generator was the bottleneck' })
  })

  test('is not judged when the generator lags by more than a tenth of the reported p50', () => {
    const generator = [{ name: 'writer', lag: histogramOf(...Array.from({ length: 50 }, () => 6)), cpu: 0.1 }]
    const run = (p50: number) => loadResult(runOf([intervalLine({ latency: zoneLatency(p50), generator })], [P99]))
    expect(run(50).verdict.generatorFaults).toEqual([expect.stringContaining('writer: its event loop lags by')])
    expect(run(70).verdict.generatorFaults).toEqual([])
  })

  test('is not judged when a process of the generator takes more than 80 % of a core', () => {
    const generator = [{ name: 'zones-1', lag: histogramOf(), cpu: 0.9 }]
    const { verdict } = loadResult(runOf([intervalLine({ latency: zoneLatency(1), generator })], [P99]))
    expect(verdict.generatorFaults).toEqual(['zones-1: it takes 90 % of a core, over 80 %'])
  })

  test('reads not observable, never 0, of what was not seen', () => {
    const { verdict } = loadResult(runOf([intervalLine()], ['dataplane.propagation:p(99)<5s']))
    expect(verdict.thresholds[0]).toMatchObject({ measured: undefined, outcome: 'not judged' })
  })

  test('measures what resyncs carried for each byte that was lacked', () => {
    const { summary } = loadResult(runOf([intervalLine({ resync: { received: 1_000, repeated: 900 } })]))
    expect(summary.counts.resyncAmplification).toBe(10)
  })

  test('that could not go on says why', () => {
    const lines = runOf([intervalLine()]).slice(0, -1)
    const { verdict } = loadResult([...lines, { kind: 'end', atMs: 1, how: 'failed', message: 'the target died' }])
    expect(verdict.outcome).toBe('failed')
  })

  test('knows whether the system stops talking', () => {
    const wire = { messagesIn: 2, bytesIn: 300, messagesOut: 1, bytesOut: 20, nacks: 0 }
    const quiet = intervalLine({ phase: 'quiet', atMs: 4_000, wire })
    expect(loadResult(runOf([intervalLine({ atMs: 2_000 }), quiet])).summary.quiet).toEqual({
      seconds: 2,
      messages: 3,
      bytes: 320,
    })
  })
})
