import type { Answer } from '../answer.js'
import type { Bench } from '../bench.js'
import type { Case, Variant } from '../case.js'
import { type Members, segmentsOf, tokenWith } from '../tokens/base-token.js'
import { credential, OK, PD, rowsOf, U } from './row.js'

/** auth.md §4.7, first part: whom a token that verifies lets in. */
const row = rowsOf('identity')
const KEYS = { needs: ['keys'] } as const
const PR = 'kumahq/kuma#18803'

const claims = (
  name: string,
  make: (bench: Bench) => Members,
  expect: readonly Answer[],
  kuma?: readonly Answer[],
): Variant => credential(name, expect, (bench) => tokenWith(bench, { claims: make(bench) }), kuma)

const zone = (name: string, value: unknown, expect = PD): Variant => claims(name, () => ({ Zone: value }), expect)
const scope = (name: string, value: unknown, expect: readonly Answer[]): Variant =>
  claims(name, () => ({ Scope: value }), expect)

export const IDENTITY: readonly Case[] = [
  row.calls(118, "another zone's token is denied", { basis: 'kuma', norm: PR, ...KEYS }, [
    claims('another zone', ({ unseenZone }) => ({ Zone: unseenZone }), PD),
  ]),
  row.calls(119, 'zones are compared with their case', { basis: 'kuma', norm: PR, ...KEYS }, [
    claims('upper case', (bench) => ({ Zone: bench.zone.toUpperCase() }), PD),
  ]),
  row.calls(
    120,
    'claims are named with their case',
    { basis: 'ours', norm: 'RFC 7519 §4', ...KEYS, delta: { zonelab: 'denied', kuma: 'taken' } },
    [claims('zone', (bench) => ({ Zone: undefined, zone: bench.zone }), PD, OK)],
  ),
  row.calls(121, 'a token of no zone is denied', { basis: 'kuma', norm: PR, ...KEYS }, [
    zone('absent', undefined),
    zone('empty', ''),
  ]),
  row.calls(122, 'a Zone that is no string is refused', { basis: 'kuma', norm: PR, ...KEYS }, [
    zone('number', 1, U),
    claims('null', () => ({ Zone: null }), U, PD),
    claims('list', (bench) => ({ Zone: [bench.zone] }), U),
  ]),
  row.calls(123, 'a zone that only looks alike is denied', { basis: 'kuma', norm: PR, ...KEYS }, [
    claims('space behind', (bench) => ({ Zone: `${bench.zone} ` }), PD),
    claims('NUL behind', (bench) => ({ Zone: `${bench.zone}\u0000` }), PD),
    claims('Cyrillic letter', (bench) => ({ Zone: bench.zone.replace('o', '\u043e') }), PD),
  ]),
  row.calls(124, 'a token without scope is denied', { basis: 'kuma', norm: PR, ...KEYS }, [
    scope('absent', undefined, PD),
    scope('null', null, PD),
    scope('empty', [], PD),
  ]),
  row.calls(125, 'a token of other scopes is denied', { basis: 'kuma', norm: PR, ...KEYS }, [
    scope('ingress, egress', ['ingress', 'egress'], PD),
  ]),
  row.calls(126, 'a token of more scopes is taken', { basis: 'kuma', norm: PR, ...KEYS }, [
    scope('other, cp', ['other', 'cp'], OK),
  ]),
  row.calls(127, 'scopes are compared exactly', { basis: 'kuma', norm: PR, ...KEYS }, [
    ...['CP', ' cp', 'cp*'].map((word) => scope(JSON.stringify(word), [word], PD)),
  ]),
  row.calls(128, 'a Scope that is no list is refused', { basis: 'kuma', norm: PR, ...KEYS }, [
    scope('string', 'cp', U),
  ]),
  row.calls(129, 'a Scope with something else in it is refused', { basis: 'kuma', norm: PR, ...KEYS }, [
    scope('number and cp', [1, 'cp'], U),
  ]),
  row.calls(130, 'issuer and audience are not looked at', { basis: 'kuma', norm: 'Kuma sets none', ...KEYS }, [
    claims('foreign iss and aud', () => ({ iss: 'someone', aud: 'somewhere' }), OK),
  ]),
  row.scenario(
    131,
    'with an audience configured a token must name it',
    { basis: 'ours', norm: 'RFC 8725 §3.9', needs: ['operator', 'api'] },
    async (stage) => {
      const { api, bench, call } = await stage.instance({ audience: true })
      const issued = await api.issue('/tokens/zone', { zone: bench.zone, scope: ['cp'], validFor: '1h' })
      const own = audienceOf(issued)
      stage.check('issued tokens name one', own !== undefined, 'a token of the API has no aud')
      const withAud = (aud: unknown) =>
        call('HealthCheck', { fields: bench.fields(tokenWith(bench, { claims: { aud } })) })
      stage.expect('an issued token', await call('HealthCheck', { fields: bench.fields(issued) }), OK)
      stage.expect('the audience among others', await withAud(['x', own]), OK)
      stage.expect('another audience', await withAud(`${own}x`), U)
      stage.expect('no audience', await withAud(undefined), U)
    },
  ),
]

/** A token's `aud`, whether one or a list. */
function audienceOf(token: string): string | undefined {
  const [, payload] = segmentsOf(token)
  const { aud } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud?: string | string[] }
  return [aud ?? []].flat()[0]
}
