import { ADMIN } from '../../../src/auth/api-user.js'
import type { Profile } from '../../../src/conformance/matrix.js'
import { CLAIM_FAULTS } from './claim-faults.js'
import { type Call, type Fault, field, type World, withField } from './fault.js'
import { FORM_FAULTS } from './form-faults.js'
import { ALGORITHM_FAULTS, KEY_FAULTS } from './key-faults.js'
import { holds, looseToken, type Members, reissued, takes } from './loose-token.js'
import { misreads } from './misreads.js'

/** Faults at the doors of users and of sidecars: some that a zone's door may have too, and those of whom a token is for. */

/** One of each kind; the case that catches it on KDS is one of every token. */
const OF_EVERY_TOKEN = [
  'accepts alg none',
  'confuses keys: HS256 with the public key',
  'accepts RS512',
  'never checks a signature',
  'has a default key for tokens without kid',
  'has a default key for an unknown kid',
  'ignores exp',
  'ignores nbf',
  'takes a token without exp',
  'ignores crit',
  'takes padding',
]

const elsewhere = (profile: Profile, place: string): readonly Fault[] =>
  [...ALGORITHM_FAULTS, ...KEY_FAULTS, ...CLAIM_FAULTS, ...FORM_FAULTS]
    .filter(({ name }) => OF_EVERY_TOKEN.includes(name))
    .map((fault) => ({ ...fault, name: `${fault.name}, ${place}`, profiles: [profile] }))

const at =
  (profile: Profile) =>
  (fault: Fault): Fault => ({ ...fault, profiles: [profile] })

const inForce = (claims: Members): Members => {
  const nowS = Math.floor(Date.now() / 1000)
  return { ...claims, exp: nowS + 600, nbf: nowS - 5, jti: 'planted' }
}
const admin = () => inForce({ Name: ADMIN, Groups: [ADMIN] })
const anySidecar = () => inForce({ Name: '', Mesh: 'default', Tags: {}, Type: '', Workload: '' })

/** Whatever the call shows, it gets in. */
const letIn = (call: Call, world: World, claims: Members): Call =>
  withField(call, 'authorization', reissued(claims, world))
const showsNothing = (call: Call) => field(call, 'authorization') === undefined
const isFor = (call: Call, path: string) => field(call, ':path')?.startsWith(path) === true

/** A signature of any key that the control plane has, whatever it is for. */
const pool = (name: string, caughtBy: Fault['caughtBy'], claims: () => Members): Fault =>
  takes(name, caughtBy, (token, { otherKeys }) =>
    otherKeys.some((key) => holds(token, key)) ? { ...claims(), ...token.claims, ...claims() } : undefined,
  )

const USERS: readonly Fault[] = [
  {
    name: 'takes who comes through a proxy on localhost for its admin',
    caughtBy: ['ZT-207'],
    weaken: (call) => withField(call, 'x-forwarded-for', undefined),
  },
  ...(['/tokens/zone', '/global-secrets'] as const).map(
    (path): Fault => ({
      name: `forgets to ask on ${path}`,
      caughtBy: ['ZT-206', 'ZT-208', 'ZT-030'],
      weaken: (call, world) => (isFor(call, path) ? letIn(call, world, admin()) : call),
    }),
  ),
  misreads('does not look at what a user may do', ['ZT-208'], () => admin()),
  misreads('takes a token without a name for its admin', ['ZT-204'], (claims) => (claims.Name ? undefined : admin())),
  pool('has the keys of zones, users and sidecars in one pool, at its API', ['ZT-204', 'ZT-205'], admin),
  {
    name: 'reads bearer in any case, at its API',
    caughtBy: ['ZT-209'],
    weaken: (call) => withField(call, 'authorization', field(call, 'authorization')?.replace(/^bearer /i, '')),
  },
  misreads('never looks at revocations of user tokens', ['ZT-230'], (claims) => ({ ...claims, jti: 'planted' })),
]

const SIDECARS: readonly Fault[] = [
  {
    name: 'serves a sidecar that shows nothing',
    caughtBy: ['ZT-225'],
    weaken: (call, world) => (showsNothing(call) ? letIn(call, world, anySidecar()) : call),
  },
  misreads('does not compare the name of a Dataplane', ['ZT-226'], (claims) => ({ ...claims, Name: '' })),
  misreads('compares names of Dataplanes in any case', ['ZT-226'], (claims) => ({
    ...claims,
    Name: String(claims.Name).toLowerCase(),
  })),
  misreads('does not compare the mesh of a Dataplane', ['ZT-227'], (claims) => ({ ...claims, Mesh: 'default' })),
  misreads('does not look at the tags of a token', ['ZT-228'], (claims) => ({ ...claims, Tags: {} })),
  misreads('looks only whether there is a label', ['ZT-228'], ({ Tags = {}, ...claims }) => {
    const tags = Tags as Members
    return { ...claims, Tags: 'kuma.io/mesh' in tags ? { ...tags, 'kuma.io/mesh': ['default'] } : tags }
  }),
  misreads('does not look at the workload of a token', ['ZT-229'], (claims) => ({ ...claims, Workload: '' })),
  pool('has the keys of zones, users and sidecars in one pool, at xDS', ['ZT-202'], anySidecar),
  {
    name: 'asks a sidecar once a connection',
    caughtBy: ['ZT-225', 'ZT-226', 'ZT-030', 'ZT-097'],
    weaken(call, world) {
      const [known] = call.connection
      if (known !== undefined) return withField(call, 'authorization', known)
      const token = looseToken(call)
      if (token && holds(token, world.publicKey)) call.connection.add(token.text)
      return call
    },
  },
]

export const DOOR_FAULTS: readonly Fault[] = [
  ...elsewhere('user-token', 'at its API'),
  ...USERS.map(at('user-token')),
  ...elsewhere('dataplane-token', 'at xDS'),
  ...SIDECARS.map(at('dataplane-token')),
]
