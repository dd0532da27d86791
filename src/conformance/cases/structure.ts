import { publicEncrypt } from 'node:crypto'
import type { Answer } from '../answer.js'
import type { Bench } from '../bench.js'
import type { Case, Variant } from '../case.js'
import { baseClaims, baseHeader, type Members, segmentsOf, tokenWith } from '../tokens/base-token.js'
import {
  compact,
  flipBit,
  otherSpellings,
  rs256,
  type SegmentContent,
  seal,
  segment,
  withMembersAfter,
  withMembersBefore,
} from '../tokens/encoder.js'
import { credential, EVERY_JWT, OK, PD, rowsOf, U, U_OR_CONNECTION, U_OR_RE } from './row.js'

/** auth.md §4.5: header extensions and structure. */
const row = rowsOf('structure', EVERY_JWT)
const KEYS = { needs: ['keys'] } as const
const LENIENT = { zonelab: 'refused', kuma: 'taken' } as const

const signer = (bench: Bench) => rs256(bench.signing.privateKey)

const header = (name: string, members: Members, expect = U, kuma?: readonly Answer[]): Variant =>
  credential(name, expect, (bench) => tokenWith(bench, { header: members }), kuma)

const payload = (
  name: string,
  make: (claims: Members, bench: Bench) => SegmentContent,
  expect = U,
  kuma?: readonly Answer[],
): Variant =>
  credential(name, expect, (bench) => compact(baseHeader(bench), make(baseClaims(bench), bench), signer(bench)), kuma)

/** A legal token taken apart and put together differently: needs no key. */
const respelled = (
  name: string,
  make: (header: string, payload: string, signature: string) => string,
  expect = U,
  kuma?: readonly Answer[],
): Variant => credential(name, expect, async (bench) => make(...segmentsOf(await bench.legalToken())), kuma)

/** The claim that says whom a token is for. */
const claimOf = ({ claims }: Bench) => Object.keys(claims)[0] ?? ''

const cut = (text: string, by: string) => `${text.slice(0, 4)}${by}${text.slice(4)}`
const bytes = (text: string) => Buffer.from(text, 'base64url')
const text = (raw: Buffer) => raw.toString('base64url')

/** Enough of them that every part of each segment is hit, few enough for every RPC. */
const FLIPPED_BITS = [0, 77, 301, 1_023]

const EXTENSIONS: readonly Case[] = [
  row.calls(
    69,
    'a critical parameter that is not understood is refused',
    { basis: 'rfc', norm: 'RFC 7515 §4.1.11', ...KEYS, delta: LENIENT },
    [header('crit foo', { crit: ['foo'], foo: 1 }, U, OK)],
  ),
  row.calls(70, 'a malformed crit is refused', { basis: 'rfc', norm: 'RFC 7515 §4.1.11', ...KEYS, delta: LENIENT }, [
    header('empty', { crit: [] }, U, OK),
    header('a string', { crit: 'exp' }, U, OK),
    header('an absent parameter', { crit: ['absent'] }, U, OK),
    header('twice the same', { crit: ['foo', 'foo'], foo: 1 }, U, OK),
  ]),
  row.calls(
    71,
    'a crit that names a parameter of the standard is refused',
    { basis: 'ours', norm: 'RFC 7515 §4.1.11', ...KEYS, delta: LENIENT },
    [header('crit alg', { crit: ['alg'] }, U, OK)],
  ),
  row.calls(72, 'an unencoded payload is refused', { basis: 'rfc', norm: 'RFC 7797 §7', ...KEYS }, [
    credential('b64 false, raw payload', U, (bench) => {
      const protectedHeader = { ...baseHeader(bench), b64: false, crit: ['b64'] }
      return seal(segment(protectedHeader), JSON.stringify(baseClaims(bench)), signer(bench))
    }),
  ]),
  row.calls(73, 'b64 false without crit is refused', { basis: 'ours', norm: 'RFC 7797 §6', ...KEYS, delta: LENIENT }, [
    header('b64 false', { b64: false }, U, OK),
  ]),
  row.calls(
    74,
    'b64 true, which nobody issues, is refused',
    { basis: 'ours', norm: 'RFC 7797 §6', ...KEYS, delta: LENIENT },
    [header('b64 true', { b64: true, crit: ['b64'] }, U, OK)],
  ),
  row.calls(
    75,
    'a compressed payload is refused and nothing is inflated',
    { basis: 'ours', norm: 'RFC 8725 §3.6', ...KEYS, delta: LENIENT },
    [header('zip DEF', { zip: 'DEF' }, U, OK)],
  ),
  row.calls(76, 'a token in a token is refused', { basis: 'rfc', norm: 'RFC 7519 §5.2', ...KEYS }, [
    credential('cty JWT', U, (bench) =>
      compact({ ...baseHeader(bench), cty: 'JWT' }, tokenWith(bench, {}), signer(bench)),
    ),
  ]),
  row.calls(77, 'an encrypted token is refused', { basis: 'rfc', norm: 'RFC 7516', ...KEYS }, [
    credential('dir', U, () => `${segment({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`),
    credential('RSA-OAEP to the public key', U, ({ signing }) => {
      const key = text(publicEncrypt(signing.publicKey, Buffer.from('key')))
      return `${segment({ alg: 'RSA-OAEP', enc: 'A128GCM', kid: signing.kid })}.${key}.AAAA.AAAA.AAAA`
    }),
  ]),
  row.calls(78, 'the JSON serialisation is refused', { basis: 'rfc', norm: 'RFC 7515 §7.1' }, [
    respelled('flattened', (protectedHeader, claims, signature) =>
      JSON.stringify({ protected: protectedHeader, payload: claims, signature }),
    ),
  ]),
  row.calls(
    79,
    'typ is JWT in any case, or absent',
    {
      basis: 'ours',
      norm: 'RFC 8725 §3.11',
      ...KEYS,
      delta: { zonelab: 'another typ is refused', kuma: 'typ is ignored' },
    },
    [
      header('absent', { typ: undefined }, OK),
      header('jwt', { typ: 'jwt' }, OK),
      header('at+jwt', { typ: 'at+jwt' }, U, OK),
      header('5', { typ: 5 }, U, OK),
    ],
  ),
]

const SERIALISATION: readonly Case[] = [
  row.calls(80, 'a header that is no object is refused', { basis: 'rfc', norm: 'RFC 7515 §5.2', ...KEYS }, [
    ...(['[]', '"x"', 'null', '{}'] as const).map((content) =>
      credential(content, U, (bench) => compact(content, baseClaims(bench), signer(bench))),
    ),
  ]),
  row.calls(81, 'a byte order mark is refused', { basis: 'rfc', norm: 'RFC 8725 §3.7', ...KEYS }, [
    credential('before the header', U, (bench) =>
      compact(`\ufeff${JSON.stringify(baseHeader(bench))}`, baseClaims(bench), signer(bench)),
    ),
    payload('before the payload', (claims) => `\ufeff${JSON.stringify(claims)}`),
  ]),
  row.calls(82, 'a payload that is no object is refused', { basis: 'rfc', norm: 'RFC 7519 §7.2', ...KEYS }, [
    payload('array', (claims) => [claims]),
    payload('string', (_claims, { zone }) => JSON.stringify(zone)),
    payload('number', () => '1'),
    payload('null', () => 'null', U, PD),
    payload('empty', () => ''),
  ]),
  row.calls(
    83,
    'a payload that is no UTF-8 is refused',
    { basis: 'ours', norm: 'RFC 8725 §3.7', ...KEYS, delta: { zonelab: 'refused', kuma: 'replaced and taken' } },
    [
      payload(
        'byte 0xff',
        (claims) => {
          const start = Buffer.from(`${JSON.stringify(claims).slice(0, -1)},"x":"`)
          return Buffer.concat([start, Buffer.from([0xff]), Buffer.from('"}')])
        },
        U,
        OK,
      ),
    ],
  ),
  row.calls(
    84,
    'a payload of enormous depth or width is answered in bounded time',
    { basis: 'ours', norm: 'bounded work', needs: ['keys', 'raw-http2'], safety: 'intrusive' },
    [
      payload('10,000 levels', (claims) => nested(claims, 10_000), ['OK', ...U_OR_RE, 'CONNECTION']),
      payload('5,000 levels', (claims) => nested(claims, 5_000), ['OK', ...U_OR_RE, 'CONNECTION']),
      payload('100,000 members', (claims) => wide(claims, 100_000), ['OK', ...U_OR_RE, 'CONNECTION']),
    ],
  ),
  row.calls(
    85,
    'a claim given twice is refused',
    { basis: 'ours', norm: 'RFC 7519 §4', ...KEYS, delta: { zonelab: 'refused', kuma: 'the last one counts' } },
    [
      payload(
        'twice',
        (claims, bench) => withMembersBefore(`"${claimOf(bench)}":"${bench.unseenZone}"`, claims),
        U,
        OK,
      ),
    ],
  ),
  row.calls(
    86,
    'a __proto__ member is no claim',
    { basis: 'rfc', norm: 'RFC 7519 §4', profiles: ['zone-jwt'], ...KEYS },
    [
      payload(
        '__proto__',
        (claims, { zone }) => withMembersBefore(`"__proto__":{"Zone":"${zone}"}`, { ...claims, Zone: undefined }),
        PD,
      ),
    ],
  ),
]

const nested = (claims: Members, levels: number) =>
  withMembersAfter(claims, `"x":${'['.repeat(levels)}${']'.repeat(levels)}`)
const wide = (claims: Members, members: number) =>
  withMembersAfter(claims, Array.from({ length: members }, (_, at) => `"m${at}":0`).join(','))

const SEGMENTS: readonly Case[] = [
  row.calls(87, 'padding is refused', { basis: 'rfc', norm: 'RFC 7515 §2' }, [
    respelled('header', (h, p, s) => `${h}=.${p}.${s}`),
    respelled('payload', (h, p, s) => `${h}.${p}=.${s}`),
    respelled('signature', (h, p, s) => `${h}.${p}.${s}==`),
  ]),
  row.calls(88, 'the alphabet of plain base64 is refused', { basis: 'rfc', norm: 'RFC 4648 §5' }, [
    respelled('+', (h, p, s) => `${h}.${p}.+${s.slice(1)}`),
    respelled('/', (h, p, s) => `${h}.${p}./${s.slice(1)}`),
  ]),
  row.calls(
    89,
    'white space in a segment is refused',
    { basis: 'rfc', norm: 'RFC 7515 §2', needs: ['wire', 'raw-http2'] },
    [
      respelled('space in the header', (h, p, s) => `${cut(h, ' ')}.${p}.${s}`),
      respelled('tab in the payload', (h, p, s) => `${h}.${cut(p, '\t')}.${s}`),
      respelled('space in the signature', (h, p, s) => `${h}.${p}.${cut(s, ' ')}`),
      respelled('newline in the signature', (h, p, s) => `${h}.${p}.${cut(s, '\n')}`, U_OR_CONNECTION),
    ],
  ),
  row.calls(
    90,
    'another spelling of the signature is refused',
    { basis: 'ours', norm: 'RFC 4648 §3.5', delta: LENIENT },
    Array.from({ length: 15 }, (_, at) =>
      respelled(`spelling ${at + 1}`, (h, p, s) => `${h}.${p}.${otherSpellings(s)[at] ?? `${s}=`}`, U, OK),
    ),
  ),
  row.calls(91, 'another number of segments is refused', { basis: 'rfc', norm: 'RFC 7515 §7.1' }, [
    respelled('one', (h) => h),
    respelled('two', (h, p) => `${h}.${p}`),
    respelled('four', (h, p, s) => `${h}.${p}.${s}.AA`),
    respelled('a dot behind', (h, p, s) => `${h}.${p}.${s}.`),
    respelled('a dot before', (h, p, s) => `.${h}.${p}.${s}`),
    respelled('two dots', () => '..'),
    respelled('three dots', () => '...'),
    respelled('no header', (_h, p, s) => `.${p}.${s}`),
  ]),
  row.calls(
    92,
    'a mebibyte of dots is refused without being taken apart',
    { basis: 'kuma', norm: 'CVE-2025-30204', needs: ['wire', 'raw-http2'], safety: 'intrusive' },
    [credential('1 MiB of dots', [...U_OR_RE, 'CONNECTION'], () => '.'.repeat(1_048_576))],
  ),
  row.calls(93, 'an empty signature is refused', { basis: 'rfc', norm: 'RFC 7515 §5.2' }, [
    respelled('empty', (h, p) => `${h}.${p}.`),
  ]),
  row.calls(
    94,
    'a signature of another length or value is refused',
    { basis: 'rfc', norm: 'RFC 8017 §8.2.2', ...KEYS },
    [
      respelled('one character less', (h, p, s) => `${h}.${p}.${s.slice(0, -1)}`),
      respelled('four characters less', (h, p, s) => `${h}.${p}.${s.slice(0, -4)}`),
      respelled('a byte behind', (h, p, s) => `${h}.${p}.${text(Buffer.concat([bytes(s), Buffer.from([0])]))}`),
      respelled('a zero byte before', (h, p, s) => `${h}.${p}.${text(Buffer.concat([Buffer.from([0]), bytes(s)]))}`),
      respelled('all zero', (h, p, s) => `${h}.${p}.${text(Buffer.alloc(bytes(s).length))}`),
      credential('the modulus', U, async (bench) => {
        const [h, p] = segmentsOf(await bench.legalToken())
        return `${h}.${p}.${bench.signing.publicKey.export({ format: 'jwk' }).n}`
      }),
    ],
  ),
  row.calls(95, 'one flipped bit anywhere is refused', { basis: 'rfc', norm: 'RFC 7515 §5.2' }, [
    ...FLIPPED_BITS.map((bit) => respelled(`header bit ${bit}`, (h, p, s) => `${flipBit(h, bit)}.${p}.${s}`)),
    ...FLIPPED_BITS.map((bit) => respelled(`payload bit ${bit}`, (h, p, s) => `${h}.${flipBit(p, bit)}.${s}`)),
    ...FLIPPED_BITS.map((bit) => respelled(`signature bit ${bit}`, (h, p, s) => `${h}.${p}.${flipBit(s, bit)}`)),
  ]),
  row.calls(96, 'the header of another valid token is refused', { basis: 'rfc', norm: 'RFC 7515 §5.2', ...KEYS }, [
    credential('swapped', U, (bench) => {
      const [other] = segmentsOf(tokenWith(bench, { header: { typ: undefined } }))
      const [, p, s] = segmentsOf(tokenWith(bench, {}))
      return `${other}.${p}.${s}`
    }),
  ]),
]

export const STRUCTURE: readonly Case[] = [...EXTENSIONS, ...SERIALISATION, ...SEGMENTS]
