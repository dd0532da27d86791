import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, formatDurationMs, parseDuration, parseDurationMs } from '../../../src/model/duration.js'

describe('Go durations', () => {
  test.each([
    ['0', 0n, '0s'],
    ['0s', 0n, '0s'],
    ['10s', 10_000_000_000n, '10s'],
    ['2h', 7_200_000_000_000n, '2h0m0s'],
    ['90m', 5_400_000_000_000n, '1h30m0s'],
    ['1m1s', 61_000_000_000n, '1m1s'],
    ['1.5s', 1_500_000_000n, '1.5s'],
    ['.5s', 500_000_000n, '500ms'],
    ['250ms', 250_000_000n, '250ms'],
    ['25us', 25_000n, '25µs'],
    ['25µs', 25_000n, '25µs'],
    ['7ns', 7n, '7ns'],
    ['1500us', 1_500_000n, '1.5ms'],
    ['-10s', -10_000_000_000n, '-10s'],
    ['+3m', 180_000_000_000n, '3m0s'],
  ])('%s is %d ns and prints as %s', (text, nanoseconds, printed) => {
    expect(parseDuration(text)).toBe(nanoseconds)
    expect(formatDuration(nanoseconds)).toBe(printed)
  })

  test.each([
    ['', 'time: invalid duration ""'],
    ['abc', 'time: invalid duration "abc"'],
    ['-', 'time: invalid duration "-"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1h5', 'time: missing unit in duration "1h5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('%j is refused as Go refuses it', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message)
  })

  test('what is printed reads back as the same time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (ns) => {
        expect(parseDuration(formatDuration(ns))).toBe(ns)
      }),
    )
  })

  test('milliseconds round towards zero', () => {
    expect(parseDurationMs('1.9ms')).toBe(1)
    expect(formatDurationMs(90_000)).toBe('1m30s')
  })
})
