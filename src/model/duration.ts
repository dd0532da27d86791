import { AppError } from '../base/errors.js'

/**
 * Go duration text (`time.ParseDuration`, `time.Duration.String`), the form in which Kuma's policies, tokens and
 * configuration state time. Values are whole nanoseconds as bigint: they exceed 2^53 at 104 days.
 */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const SECOND = 1_000_000_000n
/** Go's Duration is an int64. */
const NANOSECONDS_MAX = 0x7fffffffffffffffn
const SEGMENT = /(\d*)(?:\.(\d*))?([^\d.]*)/y

/** Nanoseconds of `1h30m`, `-1.5s`, `250ms`, `0`. Throws `invalid-argument` with Go's own words. */
export function parseDuration(text: string): bigint {
  const negative = text.startsWith('-')
  const digits = /^[+-]/.test(text) ? text.slice(1) : text
  if (digits === '0') return 0n
  if (digits === '') throw invalid(text)
  let total = 0n
  SEGMENT.lastIndex = 0
  while (SEGMENT.lastIndex < digits.length) {
    const [, whole = '', fraction = '', unit = ''] = SEGMENT.exec(digits) ?? []
    if (whole === '' && fraction === '') throw invalid(text)
    if (unit === '') throw new AppError('invalid-argument', `time: missing unit in duration ${JSON.stringify(text)}`)
    const scale = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined
    if (scale === undefined) {
      throw new AppError(
        'invalid-argument',
        `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`,
      )
    }
    total += BigInt(whole || '0') * scale
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
    if (total > NANOSECONDS_MAX) throw invalid(text)
  }
  return negative ? -total : total
}

/** Milliseconds, rounded towards zero. Throws as `parseDuration`. */
export function parseDurationMs(text: string): number {
  return Number(parseDuration(text) / 1_000_000n)
}

/** Go's form: `0s`, `1.5ms`, `10s`, `1m30s`, `2h0m0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatDuration(-nanoseconds)}`
  if (nanoseconds === 0n) return '0s'
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 1_000n)}µs`
  if (nanoseconds < SECOND) return `${decimal(nanoseconds, 1_000_000n)}ms`
  const hours = nanoseconds / (3600n * SECOND)
  const minutes = (nanoseconds / (60n * SECOND)) % 60n
  const seconds = decimal(nanoseconds % (60n * SECOND), SECOND)
  if (hours > 0n) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0n ? `${minutes}m${seconds}s` : `${seconds}s`
}

export function formatDurationMs(milliseconds: number): string {
  return formatDuration(BigInt(Math.trunc(milliseconds)) * 1_000_000n)
}

function decimal(value: bigint, scale: bigint): string {
  const fraction = (value % scale)
    .toString()
    .padStart(scale.toString().length - 1, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${value / scale}` : `${value / scale}.${fraction}`
}

function invalid(text: string): AppError {
  return new AppError('invalid-argument', `time: invalid duration ${JSON.stringify(text)}`)
}
