import { z } from 'zod'

/** The quantities of scenario files, as people write them; each is a zod type, so that a mistake has a place in its file. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `500ms`, `30s`, `2m` → milliseconds. */
export const duration = z.string().transform((text, context) => {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(number) * (UNITS_MS[unit] ?? Number.NaN)
  if (Number.isFinite(ms)) return ms
  context.addIssue({
    code: 'custom',
    message: `"${text}" is no time; write a number with a unit, such as 500ms or 30s`,
  })
  return z.NEVER
})

/** `10/s`, `30/m` → per second. */
export const rate = z.string().transform((text, context) => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\/(s|m)$/.exec(text) ?? []
  if (number !== undefined) return Number(number) / (unit === 'm' ? 60 : 1)
  context.addIssue({
    code: 'custom',
    message: `"${text}" is no rate; write how many in a second or minute, such as 10/s`,
  })
  return z.NEVER
})

/** `5%` → 0.05. */
export const share = z.string().transform((text, context) => {
  const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  if (number !== undefined && Number(number) <= 100) return Number(number) / 100
  context.addIssue({ code: 'custom', message: `"${text}" is no share; write a percentage, such as 5%` })
  return z.NEVER
})

/** From the first to the last, both included. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** `3`, `3-5`. */
export const range = z.union([z.string(), z.int().min(0).max(1_000)]).transform((written, context): Range => {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(String(written)) ?? []
  if (low !== undefined && Number(low) <= Number(high)) return { min: Number(low), max: Number(high) }
  context.addIssue({ code: 'custom', message: `"${written}" is no range; write 3 or 3-5` })
  return z.NEVER
})

const UNITS_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576 }

/** `512B`, `1-4KiB`, `2MiB` → bytes. */
export const size = z.string().transform((text, context): Range => {
  const [, low, high = low, unit = ''] = /^(\d+)(?:-(\d+))?(B|KiB|MiB)$/.exec(text) ?? []
  const factor = UNITS_BYTES[unit]
  if (factor !== undefined && Number(low) <= Number(high)) {
    return { min: Number(low) * factor, max: Number(high) * factor }
  }
  context.addIssue({ code: 'custom', message: `"${text}" is no size; write bytes with a unit, such as 512B or 1-4KiB` })
  return z.NEVER
})
