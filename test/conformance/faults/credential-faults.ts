import { type Call, type Fault, field, refusal, type World, withField } from './fault.js'
import { reads, reissued, rightClaims } from './loose-token.js'

/** Faults in where a credential is looked for, and in whether it is looked for at all. */

const RPCS = [
  'GlobalToZoneSync',
  'ZoneToGlobalSync',
  'StreamXDSConfigs',
  'StreamStats',
  'StreamClusters',
  'HealthCheck',
] as const

/** Whatever the call shows, it gets in as the zone that it names. */
const letIn = (call: Call, world: World): Call =>
  withField(call, 'authorization', reissued(rightClaims(field(call, 'client-id') ?? ''), world))

const forgets = (rpc: (typeof RPCS)[number]): Fault => ({
  name: `forgets to ask on ${rpc}`,
  caughtBy: ['ZT-001', 'ZT-030', 'ZT-056', 'ZT-097'],
  weaken: (call, world) => (field(call, ':path')?.endsWith(`/${rpc}`) ? letIn(call, world) : call),
})

const values = ({ fields }: Call, name: string) => fields.flatMap(([key, value]) => (key === name ? [value] : []))

export const CREDENTIAL_FAULTS: readonly Fault[] = [
  ...RPCS.map(forgets),
  reads('takes the first of two credentials', ['ZT-012', 'ZT-013'], (call) => values(call, 'authorization')[0]),
  reads('takes the last of two credentials', ['ZT-012', 'ZT-013'], (call) => values(call, 'authorization').at(-1)),
  reads(
    'takes the first of two tokens in one value',
    ['ZT-014'],
    (call) => field(call, 'authorization')?.split(', ')[0],
  ),
  reads(
    'takes a credential from another field',
    ['ZT-016'],
    (call) => field(call, 'authorization') ?? field(call, 'token') ?? field(call, 'x-auth-token'),
  ),
  {
    name: 'takes a credential from the path',
    caughtBy: ['ZT-017'],
    weaken(call) {
      const [path, token] = field(call, ':path')?.split('?access_token=') ?? []
      if (token === undefined) return call
      const rest = call.fields.map(([name, value]) => [name, name === ':path' ? (path ?? '') : value] as const)
      return withField({ ...call, fields: rest }, 'authorization', token)
    },
  },
  reads('decodes a binary field as the credential', ['ZT-015'], (call) => {
    const encoded = field(call, 'authorization-bin')
    return encoded && Buffer.from(encoded, 'base64').toString()
  }),
  reads('takes any number of spaces after the scheme', ['ZT-007'], (call) =>
    field(call, 'authorization')?.replace(/^bearer +/i, ''),
  ),
  reads('takes a scheme off as often as there is one', ['ZT-008'], (call) =>
    field(call, 'authorization')?.replace(/^(bearer )+/i, ''),
  ),
  reads('knows the scheme in one spelling only', ['ZT-005', 'ZT-006'], (call) =>
    field(call, 'authorization')?.replace(/^bearer (?=ey)/i, (word) => (word === 'Bearer ' ? word : `Basic ${word}`)),
  ),
  {
    name: 'takes the first of two zones',
    caughtBy: ['ZT-026'],
    weaken: (call) => withField(call, 'client-id', field(call, 'client-id')),
  },
  {
    name: 'makes up a zone for a call that names none',
    caughtBy: ['ZT-025', 'ZT-028'],
    weaken(call, world) {
      if (field(call, 'client-id') !== undefined) return call
      return letIn(withField(call, 'client-id', 'default'), world)
    },
  },
  {
    name: 'has a small limit for tokens',
    caughtBy: ['ZT-019', 'ZT-020'],
    weaken: (call) =>
      (field(call, 'authorization')?.length ?? 0) > 4_096 ? refusal(16, 'the token is longer than 4 KiB') : call,
  },
]
