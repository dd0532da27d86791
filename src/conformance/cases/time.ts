import type { Answer } from '../answer.js'
import type { Case, Variant } from '../case.js'
import { baseClaims, baseHeader, type Members, tokenWith } from '../tokens/base-token.js'
import { compact, rs256, withMembersAfter } from '../tokens/encoder.js'
import { credential, EVERY_JWT, OK, rowsOf, U } from './row.js'

/** auth.md §4.6: time claims. The suite's clock and the target's have to agree to the second; the preflight checks it. */
const row = rowsOf('time', EVERY_JWT)
const KEYS = { needs: ['keys'] } as const
const EXP = 'RFC 7519 §4.1.4'
const DATE = 'RFC 7519 §2'

const claims = (
  name: string,
  make: (nowS: number) => Members,
  expect: readonly Answer[] = U,
  kuma?: readonly Answer[],
): Variant => credential(name, expect, (bench) => tokenWith(bench, { claims: make(bench.nowS) }), kuma)

/** Times spelled as given. */
const spelled = (members: string, kuma?: readonly Answer[]): Variant =>
  credential(
    members,
    U,
    (bench) => {
      const { exp: _exp, nbf: _nbf, iat: _iat, ...rest } = baseClaims(bench)
      return compact(baseHeader(bench), withMembersAfter(rest, members), rs256(bench.signing.privateKey))
    },
    kuma,
  )

export const TIME: readonly Case[] = [
  row.calls(97, 'a token that has expired is refused', { basis: 'rfc', norm: EXP, ...KEYS }, [
    claims('exp one second ago', (now) => ({ exp: now - 1 })),
    claims('exp an hour ago', (now) => ({ exp: now - 3600, nbf: now - 7200 })),
  ]),
  row.calls(98, 'a token is refused on the second of its end', { basis: 'rfc', norm: EXP, ...KEYS }, [
    claims('exp now', (now) => ({ exp: now })),
  ]),
  row.calls(99, 'a token is taken until its end', { basis: 'rfc', norm: EXP, ...KEYS }, [
    claims('exp in some seconds', (now) => ({ exp: now + MARGIN_S }), OK),
  ]),
  row.scenario(
    100,
    'a configured leeway is given, and no more',
    { basis: 'ours', norm: EXP, needs: ['operator'] },
    async (stage) => {
      const { bench, call } = await stage.instance({ leewaySeconds: LEEWAY_S })
      const expired = async (agoS: number) => {
        const fields = bench.fields(tokenWith(bench, { claims: { exp: bench.nowS - agoS, nbf: undefined } }))
        return call('HealthCheck', { fields })
      }
      stage.expect('exp within the leeway', await expired(LEEWAY_S - 4), OK)
      stage.expect('exp beyond the leeway', await expired(LEEWAY_S), U)
    },
  ),
  row.calls(
    101,
    'a token without exp is refused',
    { basis: 'ours', norm: 'RFC 8725 §3', ...KEYS, delta: { zonelab: 'refused', kuma: 'holds for ever' } },
    [claims('absent', () => ({ exp: undefined }), U, OK)],
  ),
  row.calls(
    102,
    'exp null is refused',
    { basis: 'rfc', norm: DATE, ...KEYS, delta: { zonelab: 'refused', kuma: 'as if absent' } },
    [claims('null', () => ({ exp: null }), U, OK)],
  ),
  row.calls(
    103,
    'exp as a string is refused',
    { basis: 'rfc', norm: DATE, ...KEYS, delta: { zonelab: 'refused', kuma: 'a numeric string counts' } },
    [claims('numeric string', () => ({ exp: '4102444800' }), U, OK)],
  ),
  row.calls(104, 'exp of another type is refused', { basis: 'rfc', norm: DATE, ...KEYS }, [
    ...['soon', true, [], {}].map((exp) => claims(JSON.stringify(exp), () => ({ exp }))),
  ]),
  row.calls(105, 'exp may have a fraction', { basis: 'rfc', norm: DATE, ...KEYS }, [
    claims('to come', (now) => ({ exp: now + MARGIN_S + 0.5 }), OK),
    claims('gone', (now) => ({ exp: now - 0.5, nbf: undefined })),
  ]),
  row.calls(106, 'exp before the epoch is refused', { basis: 'kuma', norm: EXP, ...KEYS }, [
    claims('-1', () => ({ exp: -1, nbf: undefined })),
    claims('0', () => ({ exp: 0, nbf: undefined })),
  ]),
  row.calls(107, 'a time that overflows to infinity is refused', { basis: 'kuma', norm: DATE, ...KEYS }, [
    spelled('"exp":1e400'),
  ]),
  row.calls(
    108,
    'a time that no clock shows is refused',
    { basis: 'ours', norm: DATE, ...KEYS, delta: { zonelab: 'refused', kuma: 'overflows, some way' } },
    [spelled('"exp":1e300', OK), spelled('"exp":9223372036854775808', OK), spelled('"exp":9007199254740993', OK)],
  ),
  row.calls(
    109,
    'exp in milliseconds is refused',
    { basis: 'ours', norm: 'longest lifetime', ...KEYS, delta: { zonelab: 'refused', kuma: 'taken' } },
    [claims('milliseconds', (now) => ({ exp: (now + 3600) * 1000 }), U, OK)],
  ),
  row.calls(
    110,
    'a token is taken from its beginning and not before',
    { basis: 'rfc', norm: 'RFC 7519 §4.1.5', ...KEYS },
    [claims('nbf to come', (now) => ({ nbf: now + NBF_AHEAD_S })), claims('nbf now', (now) => ({ nbf: now }), OK)],
  ),
  row.calls(
    111,
    'nbf of another type is refused',
    {
      basis: 'rfc',
      norm: DATE,
      ...KEYS,
      delta: { zonelab: 'refused', kuma: 'a numeric string counts, null is absent' },
    },
    [claims('numeric string', (now) => ({ nbf: String(now) }), U, OK), claims('null', () => ({ nbf: null }), U, OK)],
  ),
  row.calls(112, 'nbf and iat may be absent', { basis: 'kuma', norm: 'RFC 7519 §4.1', ...KEYS }, [
    claims('no nbf', () => ({ nbf: undefined }), OK),
    claims('no iat', () => ({ iat: undefined }), OK),
  ]),
  row.calls(113, 'iat has no rule', { basis: 'kuma', norm: 'RFC 7519 §4.1.6', ...KEYS }, [
    claims('in an hour', (now) => ({ iat: now + 3600 }), OK),
  ]),
  row.calls(114, 'iat as a string is refused', { basis: 'rfc', norm: DATE, ...KEYS }, [
    claims('word', () => ({ iat: 'soon' })),
    claims('numeric string', (now) => ({ iat: String(now) }), U, OK),
  ]),
  row.calls(115, 'a token that ends before it begins is refused', { basis: 'ours', norm: 'RFC 7519 §4.1.5', ...KEYS }, [
    claims('exp before nbf', (now) => ({ exp: now + 600, nbf: now + 1_200 })),
  ]),
  row.scenario(
    116,
    'with its clock an hour back the target says not yet, and recovers with the clock',
    { basis: 'kuma', norm: 'Kuma token text', needs: ['operator'] },
    async (stage) => {
      const { bench, instance, call } = await stage.instance({})
      const draft = { fields: bench.fields(await bench.legalToken()) }
      await instance.setClock(-3_600_000)
      const early = await call('HealthCheck', draft)
      stage.expect('clock an hour back', early, U)
      stage.check('the text hints at clocks', /not (yet )?valid|clock/i.test(early.text), early.text)
      await instance.setClock(0)
      stage.expect('clock right again', await call('HealthCheck', draft), OK)
    },
  ),
  row.scenario(
    117,
    'a token just issued is taken by a replica 4 s behind',
    { basis: 'kuma', norm: 'Kuma issuer', needs: ['operator', 'api'] },
    async (stage) => {
      const { api, bench, instance, call } = await stage.instance({})
      const token = await api.issue('/tokens/zone', { zone: bench.zone, scope: ['cp'], validFor: '1h' })
      await instance.setClock(-4_000)
      stage.expect('4 s behind', await call('HealthCheck', { fields: bench.fields(token) }), OK)
    },
  ),
]

/** Longer than a call takes on a busy machine; the boundary to the second is row 98's. */
const MARGIN_S = 30
const NBF_AHEAD_S = 30
/** The matrix says 5 s; a call on a busy machine must fit in beside it. */
const LEEWAY_S = 50
