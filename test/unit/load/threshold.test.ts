import { describe, expect, test } from 'vitest'
import { holds, parseThreshold } from '../../../src/load/threshold.js'

describe('a threshold', () => {
  test.each([
    ['zone.propagation:p(99)<2s', 'zone.propagation', { kind: 'percentile', percentile: 99 }, '<', 2_000],
    ['zone.propagation:p(99.9) <= 150ms', 'zone.propagation', { kind: 'percentile', percentile: 99.9 }, '<=', 150],
    ['dataplane.propagation:avg<1m', 'dataplane.propagation', { kind: 'avg' }, '<', 60_000],
    ['zone.reconnect:max<20s', 'zone.reconnect', { kind: 'max' }, '<', 20_000],
    ['write.accepted:rate>9.5', 'write.accepted', { kind: 'rate' }, '>', 9.5],
    ['nack:count==0', 'nack', { kind: 'count' }, '==', 0],
    ['resync.amplification<3', 'resync.amplification', { kind: 'value' }, '<', 3],
    ['bytes.out:rate<2MiB', 'bytes.out', { kind: 'rate' }, '<', 2 * 2 ** 20],
  ])('%s is understood', (text, metric, aggregate, operator, value) => {
    expect(parseThreshold(text)).toEqual({ text, metric, aggregate, operator, value })
  })

  test.each([
    ['zone.propagation', 'write METRIC:AGG OP VALUE'],
    ['zone.propagaton:p(99)<2s', 'there is no metric "zone.propagaton"; there are zone.propagation,'],
    ['zone.propagation:rate<2s', 'zone.propagation takes :p(N), :avg, :max, :count'],
    ['zone.propagation:p(101)<2s', 'a percentile is at most 100'],
    ['zone.propagation:p(99)<2', 'its value is a time with a unit'],
    ['nack:count<2s', 'its value is a number without a unit'],
    ['bytes.out:count<10', 'its value is a size with a unit'],
    ['resync.amplification:max<3', 'resync.amplification takes no aggregate'],
  ])('%s is refused', (text, why) => {
    expect(() => parseThreshold(text)).toThrow(why)
  })

  test.each([
    ['<', 1, 2, true],
    ['<', 2, 2, false],
    ['<=', 2, 2, true],
    ['>', 2, 2, false],
    ['>=', 2, 2, true],
    ['==', 0, 0, true],
    ['==', 1, 0, false],
  ] as const)('%s holds of %d against %d: %s', (operator, measured, value, expected) => {
    expect(holds({ operator, value }, measured)).toBe(expected)
  })
})
