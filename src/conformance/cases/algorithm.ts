import type { Bench } from '../bench.js'
import type { Case, Variant } from '../case.js'
import { baseClaims, baseHeader, segmentsOf } from '../tokens/base-token.js'
import {
  compact,
  eddsa,
  es256,
  fixed,
  hs256,
  ps256,
  rs256,
  rsa,
  type Signer,
  segment,
  withMembersBefore,
} from '../tokens/encoder.js'
import { credential, EVERY_JWT, OK, rowsOf, U } from './row.js'

/** auth.md §4.3: nothing but RS256, spelled so. */
const row = rowsOf('algorithm', EVERY_JWT)
const KEYS = { needs: ['keys'] } as const
const CONFUSION = 'RFC 8725 §2.1'

/** Base with another `alg`, signed by whatever fits the name. */
const withAlg = (name: string, alg: unknown, signer: (bench: Bench) => Signer): Variant =>
  credential(name, U, (bench) => compact({ ...baseHeader(bench), alg }, baseClaims(bench), signer(bench)))

const right = (bench: Bench) => rs256(bench.signing.privateKey)

/** The payload of a legal token below another header: needs no key. */
const unsigned = (alg: string, signature: (legal: string) => string): Variant =>
  credential(`alg ${alg}`, U, async (bench) => {
    const [header, payload, own] = segmentsOf(await bench.legalToken())
    const parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as object
    return `${segment({ ...parsed, alg })}.${payload}.${signature(own)}`
  })

const pem = (bench: Bench, type: 'spki' | 'pkcs1') => bench.signing.publicKey.export({ type, format: 'pem' }).toString()

export const ALGORITHM: readonly Case[] = [
  row.calls(30, 'alg none without a signature is refused', { basis: 'rfc', norm: 'RFC 8725 §3.2' }, [
    unsigned('none', () => ''),
  ]),
  row.calls(31, 'alg none is refused in any case', { basis: 'rfc', norm: 'RFC 7515 §4.1.1' }, [
    unsigned('None', () => ''),
    unsigned('NONE', () => ''),
    unsigned('nOnE', () => ''),
  ]),
  row.calls(32, 'alg none with a real signature is refused', { basis: 'rfc', norm: 'RFC 8725 §3.1' }, [
    unsigned('none', (own) => own),
  ]),
  row.calls(33, 'HS256 keyed with the public key as SPKI PEM is refused', { basis: 'rfc', norm: CONFUSION, ...KEYS }, [
    withAlg('SPKI PEM', 'HS256', (bench) => hs256(pem(bench, 'spki'))),
    withAlg('SPKI PEM without its last newline', 'HS256', (bench) => hs256(pem(bench, 'spki').trimEnd())),
  ]),
  row.calls(34, 'HS256 keyed with the public key in any form is refused', { basis: 'rfc', norm: CONFUSION, ...KEYS }, [
    withAlg('PKCS#1 PEM', 'HS256', (bench) => hs256(pem(bench, 'pkcs1'))),
    withAlg('PKCS#1 PEM without its last newline', 'HS256', (bench) => hs256(pem(bench, 'pkcs1').trimEnd())),
    withAlg('PKCS#1 DER', 'HS256', ({ signing }) => hs256(signing.publicKey.export({ type: 'pkcs1', format: 'der' }))),
    withAlg('SPKI DER', 'HS256', ({ signing }) => hs256(signing.publicKey.export({ type: 'spki', format: 'der' }))),
    withAlg('modulus', 'HS256', ({ signing }) => hs256(signing.publicKey.export({ format: 'jwk' }).n ?? '')),
  ]),
  row.calls(35, 'HS256 with a key of nothing is refused', { basis: 'rfc', norm: 'RFC 7518 §3.2', ...KEYS }, [
    withAlg('empty key', 'HS256', () => hs256('')),
    withAlg('key of one byte', 'HS256', () => hs256('k')),
  ]),
  row.calls(36, 'RS384 and RS512 with the right key are refused', { basis: 'rfc', norm: 'RFC 8725 §3.1', ...KEYS }, [
    withAlg('RS384', 'RS384', ({ signing }) => rsa('RSA-SHA384', signing.privateKey)),
    withAlg('RS512', 'RS512', ({ signing }) => rsa('RSA-SHA512', signing.privateKey)),
  ]),
  row.calls(37, 'PS256 with the right key is refused', { basis: 'rfc', norm: 'RFC 8725 §3.1', ...KEYS }, [
    withAlg('PS256', 'PS256', ({ signing }) => ps256(signing.privateKey)),
  ]),
  row.calls(38, 'ES256 with a fresh key is refused', { basis: 'rfc', norm: 'RFC 8725 §3.1', ...KEYS }, [
    withAlg('ES256', 'ES256', es256),
  ]),
  row.calls(39, 'EdDSA with a fresh key is refused', { basis: 'rfc', norm: 'RFC 8725 §3.1', ...KEYS }, [
    withAlg('EdDSA', 'EdDSA', eddsa),
  ]),
  row.calls(40, 'rs256 in lower case is refused', { basis: 'rfc', norm: 'RFC 7515 §4.1.1', ...KEYS }, [
    withAlg('rs256', 'rs256', right),
  ]),
  row.calls(41, 'an alg that is absent or no string is refused', { basis: 'rfc', norm: 'RFC 7515 §4.1.1', ...KEYS }, [
    withAlg('absent', undefined, right),
    withAlg('null', null, right),
    withAlg('256', 256, right),
    withAlg('["RS256"]', ['RS256'], right),
  ]),
  row.calls(
    42,
    'an alg given twice is refused',
    { basis: 'ours', norm: 'RFC 7515 §4', ...KEYS, delta: { zonelab: 'refused', kuma: 'the last one counts' } },
    [
      credential(
        'none, then RS256',
        U,
        (bench) => compact(withMembersBefore('"alg":"none"', baseHeader(bench)), baseClaims(bench), right(bench)),
        OK,
      ),
    ],
  ),
  row.calls(
    43,
    'a control plane token of Kong Mesh 1.2 is refused',
    { basis: 'kuma', norm: 'removed in Kuma 3', profiles: ['zone-jwt'] },
    [
      credential('HS256 without kid', U, ({ zone }) =>
        compact({ alg: 'HS256', typ: 'JWT' }, { Zone: zone, TokenSerialNumber: 1 }, hs256('k')),
      ),
      credential('HS256 without signature', U, ({ zone }) =>
        compact({ alg: 'HS256', typ: 'JWT' }, { Zone: zone, TokenSerialNumber: 1 }, fixed('')),
      ),
    ],
  ),
]
