import { z } from 'zod'
import { LINK_FAULT_KINDS } from '../sync/link-fault.js'
import { duration, share } from './quantity.js'

/** A fault of a scenario: `at` and `for` count from the start of the load. */
export const faultSchema = z.strictObject({
  at: duration,
  /** A fault of the library (`src/sync/link-fault.ts`), or `restart-global` where the run has a lab of zonelab's. */
  type: z.enum([...LINK_FAULT_KINDS, 'restart-global']),
  /** Which share of the zones. */
  zones: share.prefault('100%'),
  for: duration.prefault('0ms'),
})
