import { type Call, type Fault, field, refusal } from './fault.js'
import { looseToken } from './loose-token.js'

/** Faults that refuse as they should, and do something beside it; and those that cannot be judged. */

const credential = (call: Call) => field(call, 'authorization') ?? ''

export const EFFECT_FAULTS: readonly Fault[] = [
  {
    name: 'makes the zone before it authenticates',
    caughtBy: ['ZT-001'],
    async weaken(call, world) {
      await world.makeZone(field(call, 'client-id') ?? '')
      return call
    },
  },
  {
    name: 'repeats the token in the status text',
    caughtBy: ['ZT-030', 'ZT-056', 'ZT-097'],
    tell: (told, call) => ({ ...told, text: `${told.text}: ${credential(call)}` }),
  },
  {
    name: 'writes refused tokens into its log',
    caughtBy: ['ZT-030', 'ZT-056', 'ZT-097'],
    tell(told, call, { log }) {
      log.push(`refused ${credential(call)}`)
      return told
    },
  },
  {
    name: 'ends the session of a zone when somebody else calls as it',
    caughtBy: ['ZT-030', 'ZT-056'],
    tell(told, call, world) {
      world.disturb(call)
      return told
    },
  },
  {
    name: 'answers before it refuses',
    caughtBy: ['ZT-001', 'ZT-030', 'ZT-056'],
    tell: (told) => ({ ...told, late: true }),
  },
  {
    name: 'takes longer over an unknown key',
    caughtBy: ['ZT-047'],
    async tell(told, call, { sleep, kid }) {
      const asked = looseToken(call)?.header.kid
      if (asked !== undefined && asked !== kid) await sleep(SLOW_MS)
      return told
    },
  },
  {
    name: 'says of every refusal that it is internal',
    caughtBy: ['ZT-001', 'ZT-030', 'ZT-097'],
    tell: ({ text }) => refusal(13, text),
  },
]

/** Longer than the suite allows a refusal to take. */
const SLOW_MS = 2_500

/** A target that refuses everything proves nothing, and must not look as if it did. */
export const REFUSES_EVERYTHING: Fault = {
  name: 'refuses everything',
  caughtBy: [],
  weaken: () => refusal(16, 'no'),
}
