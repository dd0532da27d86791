import { type Call, type Fault, field, refusal, type World, withField } from './fault.js'

/** Faults in whom an access token lets in, and in which control plane it is that lets in. */

const CP_ID = 'x-konnect-cp-id'
const credential = (call: Call) => field(call, 'authorization')?.replace(/^bearer /i, '') ?? ''
const isAccessToken = (call: Call) => credential(call).startsWith('spat_')
const isZoneToken = (call: Call) => credential(call).split('.').length === 3
/** Whatever the call shows, it gets in: the organisation's admin may connect any zone of any of its control planes. */
const letIn = (call: Call, { platformToken }: World): Call => withField(call, 'authorization', platformToken)

/** A target with a platform, and a fault before it. */
const fault = (name: string, caughtBy: Fault['caughtBy'], parts: Partial<Fault>): Fault => ({
  ...{ name, caughtBy, profiles: ['konnect-sat', 'kds-multitenant'] },
  ...parts,
})

/** Reads the token otherwise than it was sent. */
const spells = (name: string, caughtBy: Fault['caughtBy'], read: (token: string) => string) =>
  fault(name, caughtBy, { weaken: (call) => withField(call, 'authorization', read(credential(call))) })

/** A call is remembered by these of its fields once it was served, and from then on lets in. */
const remembers = (name: string, caughtBy: Fault['caughtBy'], ...fields: readonly string[]) => {
  const keyOf = (call: Call) => fields.map((one) => field(call, one)).join(' ')
  return fault(name, caughtBy, {
    served: (call, { memory }) => void memory.add(keyOf(call)),
    weaken: (call, world) => (isAccessToken(call) && world.memory.has(keyOf(call)) ? letIn(call, world) : call),
  })
}

export const TENANT_FAULTS: readonly Fault[] = [
  fault('takes a call without a control plane for the last one that was served', ['ZT-159'], {
    served: (call, { memory }) => {
      memory.clear()
      memory.add(field(call, CP_ID) ?? '')
    },
    weaken: (call, { memory }) => (field(call, CP_ID) === undefined ? withField(call, CP_ID, [...memory][0]) : call),
  }),
  fault('takes the first of two control planes', ['ZT-161'], {
    weaken: (call) => withField(call, CP_ID, field(call, CP_ID)?.split(/, ?/)[0]),
  }),
  fault('compares ids of control planes letter by letter', ['ZT-162'], {
    weaken: (call) => (/[A-F]/.test(field(call, CP_ID) ?? '') ? refusal(16, 'invalid zone token') : call),
  }),
  fault('has the keys of all control planes in one pool', ['ZT-164'], {
    weaken: (call, world) => (isZoneToken(call) ? letIn(call, world) : call),
  }),
  fault('names the control plane that it refuses', ['ZT-163', 'ZT-165'], {
    tell: (told, call) => ({ ...told, text: `${told.text} (${field(call, CP_ID)})` }),
  }),
  fault('takes any token that begins as one of a system account', ['ZT-172', 'ZT-178', 'ZT-180', 'ZT-187'], {
    weaken: (call, world) => (isAccessToken(call) ? letIn(call, world) : call),
  }),
  remembers('serves a token from a cache once it was good anywhere', ['ZT-165', 'ZT-174', 'ZT-190'], 'authorization'),
  remembers(
    'serves a token for good once it was',
    ['ZT-173', 'ZT-150', 'ZT-176', 'ZT-177', 'ZT-182'],
    'authorization',
    CP_ID,
  ),
  fault('makes the zone of a token that it refuses', ['ZT-150'], {
    async tell(told, call, world) {
      if (isAccessToken(call)) await world.makeZone(field(call, 'client-id') ?? '')
      return told
    },
  }),
  spells('takes the beginning of a token in any case', ['ZT-186'], (token) => token.replace(/^spat_/i, 'spat_')),
  spells('reads as many letters as a token has', ['ZT-187'], (token) =>
    token.startsWith('spat_') ? token.slice(0, 54) : token,
  ),
  fault('takes an access token from another field', ['ZT-193'], {
    weaken: (call) => withField(call, 'authorization', field(call, 'x-access-token') ?? field(call, 'authorization')),
  }),
]
