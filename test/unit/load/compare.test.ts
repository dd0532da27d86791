import { describe, expect, test } from 'vitest'
import { median, ratioInterval } from '../../../src/load/bootstrap.js'
import { compareLoad, parseFailOn } from '../../../src/load/compare.js'
import { comparisonText } from '../../../src/load/comparison-report.js'
import { type LoadResult, loadResult } from '../../../src/load/load-result.js'
import { intervalLine, runOf, startLine, zoneLatency } from './run-lines.js'

/** A run of twenty seconds, each with its own latency around the given one. */
function runAround(ms: number, spread = 0.1): LoadResult {
  const seconds = Array.from({ length: 20 }, (_, second) => {
    const own = ms * (1 + spread * ((second % 5) / 5 - 0.4))
    return intervalLine({ atMs: second * 1_000, latency: zoneLatency(own, own, own) })
  })
  return loadResult(runOf(seconds))
}

const P50 = 'zone.propagation:p(50)'
const of = (name: string, before: LoadResult, after: LoadResult) =>
  compareLoad(before, after, []).measures.find((measure) => measure.name === name)

describe('two runs', () => {
  test('that are alike are the same, with an interval around 1', () => {
    const measure = of(P50, runAround(100), runAround(100))
    expect(measure?.verdict).toBe('same')
    expect(of(P50, runAround(100), runAround(101))?.verdict).toBe('same')
  })

  test('are told apart when the change is more than noise', () => {
    expect(of(P50, runAround(100), runAround(150))).toMatchObject({ verdict: 'worse' })
    expect(of(P50, runAround(150), runAround(100))).toMatchObject({ verdict: 'better' })
  })

  test('are the same when they vary more than they differ', () => {
    expect(of(P50, runAround(100, 3), runAround(110, 3))?.verdict).toBe('same')
  })

  test('are not comparable in what one of them did not see', () => {
    expect(of('dataplane.propagation:p(99)', runAround(100), runAround(100))?.verdict).toBe('not comparable')
  })

  test('are told apart by what they cost their target: idle, for each change, and memory', () => {
    const writes = { accepted: 10, refused: 0, dropped: 0, bytes: 0 }
    const run = (busy: number, rssBytes: number) =>
      loadResult(
        runOf([
          intervalLine({ atMs: 1_000, writes, target: { cpu: 0.9, rssBytes } }),
          intervalLine({ atMs: 2_000, writes, target: { cpu: busy, rssBytes } }),
          intervalLine({ atMs: 3_000, phase: 'quiet', target: { cpu: 0.1, rssBytes } }),
        ]),
      )
    const { measures } = compareLoad(run(0.2, 100), run(0.5, 50), [])
    expect(measures.filter(({ name }) => name.startsWith('target.'))).toMatchObject([
      { name: 'target.cpu.idle', before: 0.1, after: 0.1, verdict: 'same' },
      { name: 'target.cpu.change', before: expect.closeTo(10), after: expect.closeTo(40), verdict: 'worse' },
      { name: 'target.memory', before: 100, after: 50, verdict: 'better' },
    ])
    expect(compareLoad(runAround(1), runAround(1), []).measures.at(-1)?.before).toBeUndefined()
  })

  test('of another scenario, seed or machine should not be compared, and it is said why', () => {
    const [, ...rest] = runOf([intervalLine()])
    const other = loadResult([
      startLine({
        scenario: { name: 'other', seed: 2, thresholds: [] },
        machine: { ...startLine().machine, cores: 64 },
      }),
      ...rest,
    ])
    expect(compareLoad(runAround(100), other, []).reasons).toEqual([
      'the scenarios differ',
      'the seeds differ: 1 and 2',
      'the machines differ',
    ])
  })

  test('of which one was bound by its generator should not be compared', () => {
    const writes = { accepted: 1, refused: 0, dropped: 1, bytes: 0 }
    const bound = loadResult(runOf([intervalLine({ latency: zoneLatency(1), writes })]))
    expect(compareLoad(runAround(100), bound, []).reasons).toEqual(['the second run was bound by its generator'])
  })

  test('fail on a change that was named, and on no other', () => {
    const rules = ['zone.propagation:p(99)>+20%', 'zone.propagation:p(99)>+80%', 'zone.propagation:p(50)<-20%'].map(
      parseFailOn,
    )
    const comparison = compareLoad(runAround(100), runAround(150), rules)
    expect(comparison.failures.map(({ text }) => text)).toEqual(['zone.propagation:p(99)>+20%'])
    expect(comparisonText(comparison)).toMatch(/failed: zone\.propagation:p\(99\)>\+20%: \+5\d\.\d %/)
  })
})

describe('a change that was named', () => {
  const nacks = (count: number) =>
    loadResult(runOf([intervalLine({ wire: { ...intervalLine().wire, nacks: count }, latency: zoneLatency(1) })]))
  const compared = (rule: string, before: LoadResult, after: LoadResult) =>
    compareLoad(before, after, [parseFailOn(rule)])

  test('from nothing to something fails, whatever the share', () => {
    const comparison = compared('nack:count>+50%', nacks(0), nacks(3))
    expect(comparison.failures).toEqual([{ text: 'nack:count>+50%', change: undefined }])
    expect(comparisonText(comparison)).toContain('failed: nack:count>+50%: there was none before')
    expect(compared('nack:count>+50%', nacks(3), nacks(0)).failures).toEqual([])
    expect(compared('nack:count<-50%', nacks(0), nacks(3)).failures).toEqual([])
  })

  test('of what one of the runs did not see is not judged, and it is said', () => {
    const comparison = compared('dataplane.propagation:p(99)>+20%', nacks(0), nacks(0))
    expect([comparison.failures, comparison.unjudged]).toEqual([[], ['dataplane.propagation:p(99)>+20%']])
    expect(comparisonText(comparison)).toContain(
      'not judged: dataplane.propagation:p(99)>+20%: not observable in both runs',
    )
  })
})

describe('what makes a comparison fail', () => {
  test.each([
    ['zone.propagation:p(99)>20%', 'write METRIC:AGG>+N%'],
    ['zone.propagation:p(99)<+20%', 'write METRIC:AGG>+N%'],
    ['zone.propagaton:p(99)>+20%', 'there is no metric "zone.propagaton"'],
    ['nack:p(9)>+20%', 'nack takes :count, :rate'],
  ])('%s is refused', (text, why) => {
    expect(() => parseFailOn(text)).toThrow(why)
  })
})

describe('the interval of a ratio', () => {
  test('is the same for the same samples', () => {
    const samples = [1, 2, 3, 4, 5, 6]
    expect(ratioInterval(samples, samples)).toEqual(ratioInterval(samples, samples))
  })

  test('holds 1 for one thing against itself, and is not known of a few samples', () => {
    const { low = 0, high = 0 } = ratioInterval([9, 10, 11, 10, 9, 11], [10, 9, 11, 11, 10, 9]) ?? {}
    expect([low <= 1, high >= 1]).toEqual([true, true])
    expect(ratioInterval([1, 2], [1, 2])).toBeUndefined()
    expect(median([3, 1, 2])).toBe(2)
  })
})
