import { z } from 'zod'
import { LINK_FAULT_KINDS } from '../sync/link-fault.js'
import { duration, share } from './quantity.js'

/** Which zones a fault strikes: a share of them, which the seed picks, or those with these numbers. */
export type ZoneChoice =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'numbers'; readonly numbers: readonly number[] }

const ZONE = /^z([1-9]\d{0,4})$/

/** `5%`, or `[z1, z7]`: a run's zones are called `zl-RUN-z1` and so on, in each of its control planes. */
const zoneChoice = z.unknown().transform((written, context): ZoneChoice => {
  if (Array.isArray(written) && written.length > 0 && written.every((one) => ZONE.test(String(one)))) {
    return { kind: 'numbers', numbers: written.map((one) => Number(String(one).slice(1))) }
  }
  const read = share.safeParse(written)
  if (read.success) return { kind: 'share', share: read.data }
  const message = `${JSON.stringify(written)} names no zones; write a share, such as 5%, or a list, such as [z1, z7]`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** A fault of a scenario: `at` and `for` count from the start of the load. */
export const faultSchema = z.strictObject({
  /** As the report calls it; without one by its place: `f-1`. */
  id: z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]{0,30}[a-z0-9])?$/, 'must be up to 32 lower-case letters, digits or inner dashes')
    .optional(),
  at: duration,
  /** A fault of the library (`src/sync/link-fault.ts`), or `restart-global` where the run has a lab of zonelab's. */
  type: z.enum([...LINK_FAULT_KINDS, 'restart-global']),
  zones: zoneChoice.prefault('100%'),
  for: duration.prefault('0ms'),
})
