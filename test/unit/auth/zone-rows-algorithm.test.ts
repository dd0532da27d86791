import { constants, createHmac, createPublicKey, createSign, generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { answer, BASE_CLAIMS, BASE_HEADER, codeOf, segment, signed, tokenWith, U, zoneKeyA } from './token-lab.js'

/** auth.md §4.3: nothing but RS256, spelled so. */
const claims = segment(BASE_CLAIMS)
const head = (alg: unknown) => segment({ ...BASE_HEADER, alg })
const publicKey = createPublicKey(zoneKeyA)

const withSignature = (alg: unknown, make: (input: string) => Buffer): string => {
  const input = `${head(alg)}.${claims}`
  return `${input}.${make(input).toString('base64url')}`
}
const hmac = (secret: string | Buffer) =>
  withSignature('HS256', (input) => createHmac('sha256', secret).update(input).digest())
const rsa = (alg: string, hash: string) => withSignature(alg, (input) => createSign(hash).update(input).sign(zoneKeyA))
const rs256 = (input: string) => createSign('RSA-SHA256').update(input).sign(zoneKeyA)

const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()
const baseSignature = tokenWith().split('.')[2]

test.each([
  ['030', 'none without a signature', `${head('none')}.${claims}.`],
  ['031a', 'None', `${head('None')}.${claims}.`],
  ['031b', 'NONE', `${head('NONE')}.${claims}.`],
  ['031c', 'nOnE', `${head('nOnE')}.${claims}.AA`],
  ['032', "none with Base's signature", `${head('none')}.${claims}.${baseSignature}`],
  ['033', 'HS256 keyed with the SPKI PEM', hmac(spki)],
  ['034a', 'HS256 keyed with the PKCS#1 PEM', hmac(pkcs1)],
  ['034b', 'HS256 keyed with the PEM without its last newline', hmac(pkcs1.trimEnd())],
  ['034c', 'HS256 keyed with the DER', hmac(publicKey.export({ type: 'pkcs1', format: 'der' }))],
  ['034d', 'HS256 keyed with the modulus', hmac(publicKey.export({ format: 'jwk' }).n ?? '')],
  ['035a', 'HS256 with an empty key', hmac('')],
  ['035b', 'HS256 with a one-byte key', hmac('k')],
  ['036a', 'RS384 with the right key', rsa('RS384', 'RSA-SHA384')],
  ['036b', 'RS512 with the right key', rsa('RS512', 'RSA-SHA512')],
  [
    '037',
    'PS256 with the right key',
    withSignature('PS256', (input) =>
      sign('sha256', Buffer.from(input), { key: zoneKeyA, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
    ),
  ],
  [
    '038',
    'ES256 with a fresh key',
    withSignature('ES256', (input) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    }),
  ],
  [
    '039',
    'EdDSA with a fresh key',
    withSignature('EdDSA', (input) => sign(null, Buffer.from(input), generateKeyPairSync('ed25519').privateKey)),
  ],
  ['040', 'rs256 in lower case', withSignature('rs256', rs256)],
  ['041a', 'no alg', withSignature(undefined, rs256)],
  ['041b', 'alg null', withSignature(null, rs256)],
  ['041c', 'alg 256', withSignature(256, rs256)],
  ['041d', 'alg in a list', withSignature(['RS256'], rs256)],
  ['042', 'alg given twice, the last one right (Δ)', signed('{"alg":"none","alg":"RS256","kid":"1"}', BASE_CLAIMS)],
])('ZT row %s: %s is refused', async (_row, _title, token) => {
  expect(await codeOf(token)).toBe(U)
})

test('ZT row 043: a control plane token of Kong Mesh 1.2 is refused', async () => {
  const input = `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment({ Zone: 'z1', TokenSerialNumber: 1 })}`
  const token = `${input}.${createHmac('sha256', 'k').update(input).digest('base64url')}`
  expect(await codeOf(token)).toBe(U)
})

test.each([
  [withSignature('HS256', rs256), 'unsupported token alg HS256. Allowed algorithm is RS256'],
  [withSignature('rs256', rs256), 'signing method (alg) is unavailable'],
  [withSignature(undefined, rs256), 'signing method (alg) is unspecified'],
  [`${head('none')}.${claims}.`, 'could not base64 decode signature'],
])('the text names the fault as Kuma does', async (token, text) => {
  const result = await answer({ 'client-id': 'z1', authorization: token })
  expect(result).toMatchObject({ code: U, text: expect.stringContaining(text) })
  expect(result).toMatchObject({ text: expect.stringMatching(/^invalid zone token: could not parse token: token is /) })
})
