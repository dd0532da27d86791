import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { posix } from 'node:path'
import { type Fault, refusal, type World, withField } from './fault.js'
import { hmacHolds, holds, type LooseToken, looseToken, reissued, signed, takes } from './loose-token.js'

/** Faults in which algorithm and which key a signature is checked with. */

/** A fault of a verifier that is right but for how it finds its key by `kid`. */
const finds = (name: string, caughtBy: Fault['caughtBy'], isOurs: (kid: unknown, world: World) => boolean): Fault =>
  takes(name, caughtBy, (token, world) =>
    token.header.kid !== world.kid && isOurs(token.header.kid, world) && isRs256(token) && holds(token, world.publicKey)
      ? token.claims
      : undefined,
  )

const isRs256 = ({ header }: LooseToken) => header.alg === 'RS256'

const spki = ({ publicKey }: World) => publicKey.export({ type: 'spki', format: 'pem' }).toString()

export const ALGORITHM_FAULTS: readonly Fault[] = [
  takes('accepts alg none', ['ZT-030', 'ZT-032'], ({ header, claims }) => (header.alg === 'none' ? claims : undefined)),
  takes('accepts alg none in another spelling', ['ZT-031'], ({ header, claims }) =>
    header.alg !== 'none' && String(header.alg).toLowerCase() === 'none' ? claims : undefined,
  ),
  takes('confuses keys: HS256 with the public key', ['ZT-033'], (token, world) =>
    token.header.alg === 'HS256' && hmacHolds(token, spki(world)) ? token.claims : undefined,
  ),
  takes('confuses keys: HS256 with the public key as DER', ['ZT-034'], (token, world) =>
    token.header.alg === 'HS256' && hmacHolds(token, world.publicKey.export({ type: 'pkcs1', format: 'der' }))
      ? token.claims
      : undefined,
  ),
  takes('accepts HS256 with an empty key', ['ZT-035'], (token) =>
    token.header.alg === 'HS256' && hmacHolds(token, '') ? token.claims : undefined,
  ),
  ...(['384', '512'] as const).map((bits) =>
    takes(`accepts RS${bits}`, ['ZT-036'], (token, world) =>
      token.header.alg === `RS${bits}` && holds(token, world.publicKey, `RSA-SHA${bits}`) ? token.claims : undefined,
    ),
  ),
  takes('reads alg in any case', ['ZT-040'], (token, world) =>
    token.header.alg === 'rs256' && holds(token, world.publicKey) ? token.claims : undefined,
  ),
  takes('takes RS256 for granted when alg is no string', ['ZT-041'], (token, world) =>
    typeof token.header.alg !== 'string' && holds(token, world.publicKey) ? token.claims : undefined,
  ),
]

export const KEY_FAULTS: readonly Fault[] = [
  takes('never checks a signature', ['ZT-056', 'ZT-093', 'ZT-094', 'ZT-095'], ({ claims }) => claims),
  takes('lets an empty signature pass', ['ZT-093'], ({ claims, segments }) =>
    segments.length === 3 && segments[2] === '' ? claims : undefined,
  ),
  takes('compares as much of a signature as there is', ['ZT-094'], (token, world) => {
    const { signature, segments, claims } = token
    const whole = signed(`${segments[0]}.${segments[1]}`, world)
    const same = signature.length > 0 && whole.subarray(0, signature.length).equals(signature)
    return same && segments.length === 3 ? claims : undefined
  }),
  finds('has a default key for tokens without kid', ['ZT-044'], (kid) => kid === undefined),
  finds('has a default key for an unknown kid', ['ZT-047', 'ZT-052'], (kid) => typeof kid === 'string'),
  finds('turns a kid into text', ['ZT-045'], (kid, world) => typeof kid !== 'string' && String(kid) === world.kid),
  finds('trims a kid', ['ZT-053'], (kid, world) => String(kid).trim() === world.kid),
  finds(
    'reads a kid as a number',
    ['ZT-053'],
    (kid, world) => typeof kid === 'string' && Number(kid) === Number(world.kid),
  ),
  finds('looks up a kid by path', ['ZT-049'], (kid, world) => posix.normalize(String(kid)) === world.kid),
  finds('puts a kid into SQL', ['ZT-050'], (kid) => /' OR '/i.test(String(kid)) || String(kid).includes(';--')),
  {
    name: 'keeps its keys in a plain object',
    caughtBy: ['ZT-052'],
    weaken: (call) => (String(looseToken(call)?.header.kid) in {} ? refusal(13, 'key.export is not a function') : call),
  },
  takes('trusts a key inside the token', ['ZT-065'], (token) =>
    typeof token.header.jwk === 'object' &&
    holds(token, createPublicKey({ key: token.header.jwk as JsonWebKey, format: 'jwk' }))
      ? token.claims
      : undefined,
  ),
  takes('refuses nothing that names a key address', ['ZT-067'], (token) =>
    token.header.jku !== undefined || token.header.x5u !== undefined ? token.claims : undefined,
  ),
  {
    name: 'fetches the key that a token names',
    caughtBy: ['ZT-067'],
    async weaken(call) {
      const { jku, x5u } = looseToken(call)?.header ?? {}
      for (const url of [jku, x5u]) if (typeof url === 'string') await fetch(url).catch(() => undefined)
      return call
    },
  },
  takes('takes the keys of user tokens too', ['ZT-057'], (token, { otherKeys }) =>
    otherKeys.some((key) => holds(token, key)) ? token.claims : undefined,
  ),
  {
    name: 'refuses a token with a key inside it',
    caughtBy: ['ZT-066'],
    weaken: (call) => (looseToken(call)?.header.jwk === undefined ? call : withField(call, 'authorization', 'refused')),
  },
  {
    name: 'keeps keys for ever',
    caughtBy: ['ZT-059'],
    served(call, { memory }) {
      memory.add(looseToken(call)?.text ?? '')
    },
    weaken(call, world) {
      const token = looseToken(call)
      if (token === undefined || !world.memory.has(token.text)) return call
      return withField(call, 'authorization', reissued(token.claims, world))
    },
  },
  {
    name: 'knows the newest key only',
    caughtBy: ['ZT-060'],
    async weaken(call, world) {
      const kid = looseToken(call)?.header.kid
      return kid === undefined || kid === (await world.newestKid()) ? call : refusal(16, 'there is no such key')
    },
  },
  {
    name: 'never looks again for a key that was missing',
    caughtBy: ['ZT-061'],
    weaken(call, { memory }) {
      return memory.has(String(looseToken(call)?.header.kid)) ? refusal(16, 'there is no such key') : call
    },
    tell(told, call, { memory }) {
      if (/no signing key/.test(told.text)) memory.add(String(looseToken(call)?.header.kid))
      return told
    },
  },
]
