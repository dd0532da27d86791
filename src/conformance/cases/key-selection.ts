import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { generateSigningKeyPem } from '../../auth/rsa-key.js'
import { USER_KEYS, ZONE_KEYS } from '../../auth/token-secrets.js'
import type { Answer } from '../answer.js'
import type { Bench } from '../bench.js'
import type { Case, Variant } from '../case.js'
import type { Side } from '../stage.js'
import { putSigningKey, readSigningKey, secretPath } from '../target-keys.js'
import { baseClaims, baseHeader, type Members, tokenWith } from '../tokens/base-token.js'
import { compact, rs256, withMembersBefore } from '../tokens/encoder.js'
import { credential, EVERY_JWT, OK, rowsOf, U, U_OR_RE } from './row.js'

/** auth.md §4.4: which key a token is checked with. */
const row = rowsOf('key-selection', EVERY_JWT)
const KEYS = { needs: ['keys'] } as const
const CHANGES_KEYS = { needs: ['keys', 'api'], safety: 'intrusive' } as const

const kid = (name: string, value: unknown, expect: readonly Answer[] = U): Variant =>
  credential(name, expect, (bench) => tokenWith(bench, { header: { kid: value } }))

const stranger = (name: string, header: (bench: Bench) => Members = () => ({})): Variant =>
  credential(name, U, (bench) => tokenWith(bench, { header: header(bench), key: bench.strangerKey }))

const jwkOf = (bench: Bench) => createPublicKey(bench.strangerKey).export({ format: 'jwk' }) as Members

const withToken = ({ bench, call }: Side, token: string) => call('HealthCheck', { fields: bench.fields(token) })

const KEY_IDS: readonly Case[] = [
  row.calls(44, 'a token without kid is refused', { basis: 'kuma', norm: 'Kuma token validator', ...KEYS }, [
    kid('absent', undefined),
  ]),
  row.calls(45, 'a kid that is no string is refused', { basis: 'kuma', norm: 'Kuma token validator', ...KEYS }, [
    ...[1, true, null, ['1'], { kid: '1' }].map((value) => kid(JSON.stringify(value), value)),
  ]),
  row.calls(46, 'an empty kid is refused', { basis: 'ours', norm: 'RFC 7515 §4.1.4', ...KEYS }, [kid('empty', '')]),
  row.calls(47, 'an unknown kid is refused', { basis: 'kuma', norm: 'Kuma token validator', ...KEYS }, [
    kid('999', '999'),
  ]),
  row.calls(
    48,
    'a kid given twice is refused',
    { basis: 'ours', norm: 'RFC 7515 §4', ...KEYS, delta: { zonelab: 'refused', kuma: 'the last one counts' } },
    ['"kid":"999"', '"k\\u0069d":"999"'].map((first) =>
      credential(
        `${first} first`,
        U,
        (bench) =>
          compact(withMembersBefore(first, baseHeader(bench)), baseClaims(bench), rs256(bench.signing.privateKey)),
        OK,
      ),
    ),
  ),
  row.calls(49, 'a kid that is a path opens no file', { basis: 'rfc', norm: 'RFC 8725 §3.10', ...KEYS }, [
    kid('relative', '../../etc/passwd'),
    kid('escaped', '..%2f..%2fetc%2fpasswd'),
    kid('absolute', '/etc/passwd'),
    kid('/dev/null', '/dev/null'),
    credential('its own, as a path', U, (bench) => tokenWith(bench, { header: { kid: `./${bench.signing.kid}` } })),
    credential('its own, by a detour', U, (bench) =>
      tokenWith(bench, { header: { kid: `keys/../${bench.signing.kid}` } }),
    ),
  ]),
  row.calls(50, 'a kid that is SQL is only a name', { basis: 'rfc', norm: 'RFC 8725 §3.10', ...KEYS }, [
    kid('quote', "1' OR '1'='1"),
    kid('comment', '1;--'),
  ]),
  row.calls(
    51,
    'a kid of great length or with control characters is refused',
    { basis: 'rfc', norm: 'RFC 8725 §3.10', needs: ['keys', 'raw-http2'], safety: 'intrusive' },
    [
      kid('64 KiB', '1'.repeat(65_536), [...U_OR_RE, 'CONNECTION']),
      kid('NUL', '1\u0000', U_OR_RE),
      kid('newline', '1\n', U_OR_RE),
    ],
  ),
  row.calls(
    52,
    'a kid that names a member of every object is unknown',
    { basis: 'ours', norm: 'RFC 8725 §3.10', ...KEYS },
    [...['__proto__', 'constructor', 'toString'].map((name) => kid(name, name))],
  ),
  row.calls(53, 'a kid is compared exactly', { basis: 'kuma', norm: 'RFC 7515 §4.1.4', ...KEYS }, [
    credential('space behind', U, (bench) => tokenWith(bench, { header: { kid: `${bench.signing.kid} ` } })),
    credential('space before', U, (bench) => tokenWith(bench, { header: { kid: ` ${bench.signing.kid}` } })),
    credential('zero before', U, (bench) => tokenWith(bench, { header: { kid: `0${bench.signing.kid}` } })),
    credential('.0 behind', U, (bench) => tokenWith(bench, { header: { kid: `${bench.signing.kid}.0` } })),
    kid('full-width 1', '\uff11'),
  ]),
]

const STORED_KEYS: readonly Case[] = [
  row.scenario(
    54,
    'kid 0 is the key of the secret without suffix',
    { basis: 'kuma', norm: 'kumahq/kuma#4006', ...CHANGES_KEYS },
    async (stage) => {
      const side = await stage.ground()
      const key = await putSigningKey(side.api, ZONE_KEYS, '0', await generateSigningKeyPem())
      const token = tokenWith(side.bench, { header: { kid: '0' }, key })
      const taken = await stage.until(KEY_KNOWN_WITHIN_MS, async () => (await withToken(side, token)).answer === 'OK')
      stage.check('a key without suffix counts', taken, 'a token of kid 0')
      stage.expect('kid 0', await withToken(side, token), OK)
      await side.api.delete(secretPath(ZONE_KEYS, '0'))
    },
  ),
  row.scenario(
    55,
    'a key named with leading zeros issues tokens that verify, or is not taken',
    {
      basis: 'ours',
      norm: 'Kuma key serial',
      ...CHANGES_KEYS,
      delta: { zonelab: 'its tokens verify', kuma: 'its tokens never verify' },
    },
    async (stage) => {
      const side = await stage.ground()
      await putSigningKey(side.api, ZONE_KEYS, '0002', await generateSigningKeyPem())
      const token = await side.api.issue('/tokens/zone', { zone: side.bench.zone, scope: ['cp'], validFor: '1h' })
      stage.expect('a token of the newest key', await withToken(side, token), OK, U)
      await side.api.delete(secretPath(ZONE_KEYS, '0002'))
    },
  ),
  row.calls(
    56,
    'the right kid with the signature of another key is refused',
    { basis: 'rfc', norm: 'RFC 7515 §5.2', ...KEYS },
    [
      stranger('another RSA key'),
      credential('another RSA key, a zone never seen', U, (bench) =>
        tokenWith(bench, { claims: { Zone: bench.unseenZone }, key: bench.strangerKey }),
      ),
    ],
  ),
  row.scenario(
    57,
    'a token signed with the key of user tokens is refused',
    { basis: 'kuma', norm: 'RFC 8725 §3.12', needs: ['keys', 'api'] },
    async (stage) => {
      const user = await readSigningKey(stage.api, USER_KEYS)
      const token = tokenWith(stage.bench, { header: { kid: user.kid }, key: user.privateKey })
      stage.expect('the legal token', await stage.call('HealthCheck', await stage.bench.legalCall()), OK)
      stage.expect('signed with the user key', await withToken(stage, token), U)
    },
  ),
  row.calls(
    58,
    "a token signed with another control plane's key of the same kid is refused",
    { basis: 'ours', norm: 'tenant isolation', profiles: ['kds-multitenant'], needs: ['keys'] },
    [stranger("another control plane's key")],
  ),
  row.scenario(
    59,
    'a token whose key is deleted is refused within the cache time',
    { basis: 'kuma', norm: 'Kuma key rotation', ...CHANGES_KEYS },
    async (stage) => {
      const side = await stage.ground()
      const key = await putSigningKey(side.api, ZONE_KEYS, ROTATED_KID, await generateSigningKeyPem())
      const token = tokenWith(side.bench, { header: { kid: ROTATED_KID }, key })
      const taken = await stage.until(KEY_KNOWN_WITHIN_MS, async () => (await withToken(side, token)).answer === 'OK')
      stage.check('its key there, the token holds', taken, `kid ${ROTATED_KID}`)
      await side.api.delete(secretPath(ZONE_KEYS, ROTATED_KID))
      await stage.until(KEY_KNOWN_WITHIN_MS, async () => (await withToken(side, token)).answer !== 'OK')
      stage.expect('its key deleted', await withToken(side, token), U)
    },
  ),
  row.scenario(
    60,
    'while two keys are there a token of the older one is taken',
    { basis: 'kuma', norm: 'Kuma key rotation', ...CHANGES_KEYS },
    async (stage) => {
      const side = await stage.ground()
      const older = await side.bench.legalToken()
      await putSigningKey(side.api, ZONE_KEYS, ROTATED_KID, await generateSigningKeyPem())
      stage.expect('a token of the older key', await withToken(side, older), OK)
      await side.api.delete(secretPath(ZONE_KEYS, ROTATED_KID))
    },
  ),
  row.scenario(
    61,
    'a key that was missing is found once it is there',
    { basis: 'ours', norm: 'no lasting negative cache', ...CHANGES_KEYS },
    async (stage) => {
      const side = await stage.ground()
      const pem = await generateSigningKeyPem()
      const key = await putSigningKey(side.api, ZONE_KEYS, ROTATED_KID, pem)
      await side.api.delete(secretPath(ZONE_KEYS, ROTATED_KID))
      const token = tokenWith(side.bench, { header: { kid: ROTATED_KID }, key })
      await stage.until(KEY_KNOWN_WITHIN_MS, async () => (await withToken(side, token)).answer !== 'OK')
      stage.expect('before the key is there', await withToken(side, token), U)
      await putSigningKey(side.api, ZONE_KEYS, ROTATED_KID, pem)
      await stage.until(KEY_KNOWN_WITHIN_MS, async () => (await withToken(side, token)).answer === 'OK')
      stage.expect('after', await withToken(side, token), OK)
      await side.api.delete(secretPath(ZONE_KEYS, ROTATED_KID))
    },
  ),
  row.scenario(
    62,
    'of a configured key and a stored one with the same kid the configured one decides',
    { basis: 'kuma', norm: 'Kuma key order', needs: ['operator'] },
    async (stage) => {
      const configured = stage.bench.strangerKey
      const pem = createPublicKey(configured).export({ type: 'spki', format: 'pem' }).toString()
      const side = await stage.instance({ publicKeys: [{ kid: '1', pem }] })
      stage.expect('by the configured key', await withToken(side, tokenWith(side.bench, { key: configured })), OK)
      stage.expect('by the stored key', await withToken(side, tokenWith(side.bench, {})), U)
    },
  ),
  row.scenario(
    63,
    'where stored keys do not count, a token of one is refused',
    { basis: 'kuma', norm: 'Kuma validator.useSecrets', needs: ['operator'] },
    async (stage) => {
      const configured = stage.bench.strangerKey
      const pem = createPublicKey(configured).export({ type: 'spki', format: 'pem' }).toString()
      const side = await stage.instance({ useSecrets: false, publicKeys: [{ kid: '7', pem }] })
      const own = tokenWith(side.bench, { header: { kid: '7' }, key: configured })
      stage.expect('by the configured key', await withToken(side, own), OK)
      stage.expect('by the stored key', await withToken(side, tokenWith(side.bench, {})), U)
    },
  ),
  row.scenario(
    64,
    'a configured key that proves nothing is refused at start',
    { basis: 'rfc', norm: 'RFC 7518 §3.3', needs: ['operator'] },
    async (stage) => {
      for (const [name, pem] of Object.entries(weakKeys())) {
        const text = await stage.startRefusal({ publicKeys: [{ kid: '1', pem }] })
        stage.check(name, text !== undefined, text ?? 'it started')
      }
    },
  ),
]

const EMBEDDED_KEYS: readonly Case[] = [
  row.calls(65, 'a key inside the token is not used', { basis: 'rfc', norm: 'RFC 8725 §3.10', ...KEYS }, [
    stranger('jwk', (bench) => ({ jwk: jwkOf(bench) })),
    stranger('jwk with the kid', (bench) => ({ jwk: { ...jwkOf(bench), kid: bench.signing.kid } })),
    stranger('jwk without kid', (bench) => ({ jwk: jwkOf(bench), kid: undefined })),
  ]),
  row.calls(66, 'a key inside a legal token is ignored', { basis: 'rfc', norm: 'RFC 7515 §4', ...KEYS }, [
    credential('jwk', OK, (bench) => tokenWith(bench, { header: { jwk: jwkOf(bench) } })),
  ]),
  row.calls(67, 'no key is fetched from where a token says', { basis: 'rfc', norm: 'RFC 8725 §3.10', ...KEYS }, [
    stranger('jku', ({ canaryUrl }) => ({ jku: canaryUrl })),
    stranger('x5u', ({ canaryUrl }) => ({ x5u: canaryUrl })),
    stranger('both', ({ canaryUrl }) => ({ jku: canaryUrl, x5u: canaryUrl })),
  ]),
  row.calls(68, 'a certificate inside the token is not used', { basis: 'rfc', norm: 'RFC 8725 §3.10', ...KEYS }, [
    stranger('x5c', () => ({ x5c: ['MIIB'] })),
    stranger('x5t', () => ({ x5t: 'AA', 'x5t#S256': 'AA' })),
    credential('x5c beside a real signature', OK, (bench) => tokenWith(bench, { header: { x5c: ['MIIB'] } })),
  ]),
]

export const KEY_SELECTION: readonly Case[] = [...KEY_IDS, ...STORED_KEYS, ...EMBEDDED_KEYS]

/** A serial that no rotation has reached. */
const ROTATED_KID = '90210'
/** Kuma reads keys through a cache of one second. */
const KEY_KNOWN_WITHIN_MS = 10_000

/** Keys under which a signature proves little or nothing. */
function weakKeys(): Readonly<Record<string, string>> {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey
  const { n } = small.export({ format: 'jwk' })
  const one = createPublicKey({ key: { kty: 'RSA', n: n ?? '', e: 'AQ' }, format: 'jwk' })
  const pem = (key: typeof short) => key.export({ type: 'spki', format: 'pem' }).toString()
  return { '1024 bits': pem(short), 'exponent 3': pem(small), 'exponent 1': pem(one) }
}
