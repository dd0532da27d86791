import { AppError } from '../base/errors.js'

/** As kubectl shows ages: the largest unit that fits, two while the first one is small. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (hours < 3) return `${minutes}m`
  if (hours < 48) return `${hours}h`
  return `${Math.floor(hours / 24)}d`
}

/** For what happens between machines: milliseconds below a second, tenths below ten. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `500ms`, `30s`, `2m`, `1h`. Throws `invalid-argument` that names the flag. */
export function parseDuration(flag: string, text: string): number {
  const [, number, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  const factor = UNITS_MS[unit ?? '']
  if (number === undefined || factor === undefined) {
    throw new AppError('invalid-argument', `${flag} ${text}: use a whole number with a unit, such as 500ms, 30s or 2m`)
  }
  return Number(number) * factor
}

/** `1 zone`, `3 zones`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
