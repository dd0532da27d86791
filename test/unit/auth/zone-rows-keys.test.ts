import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { chainKeyrings } from '../../../src/auth/keyring.js'
import { publicKeyPem } from '../../../src/auth/rsa-key.js'
import { readPublicKeys, staticKeyring } from '../../../src/auth/static-keyring.js'
import type { TokenTrust } from '../../../src/auth/verify.js'
import {
  answer,
  BASE_CLAIMS,
  BASE_HEADER,
  codeOf,
  RE,
  signed,
  tokenWith,
  trustOf,
  U,
  userKeyA,
  zoneKeyA,
  zoneKeyB,
} from './token-lab.js'

/** auth.md §4.4: which key a token is checked with. Rows on secrets (054, 055, 059–061) are store-keyring's. */
const withKid = (kid: unknown) => codeOf(tokenWith({}, { kid }))
const trusting = (trust: TokenTrust) => ({ trust: { find: () => trust } })

describe('the key id', () => {
  test.each([
    ['044', undefined],
    ['045a', 1],
    ['045b', true],
    ['045c', null],
    ['045d', ['1']],
    ['045e', { kid: '1' }],
    ['046', ''],
    ['047', '999'],
    ['049a', '../../etc/passwd'],
    ['049b', '..%2f'],
    ['049c', '/etc/passwd'],
    ['050a', "1' OR '1'='1"],
    ['050b', '1;--'],
    ['051b', '1\u0000'],
    ['051c', '1\n'],
    ['051d', '1'.repeat(254)],
    ['052a', '__proto__'],
    ['052b', 'constructor'],
    ['052c', 'toString'],
    ['053a', '1 '],
    ['053b', ' 1'],
    ['053c', '01'],
    ['053d', '1.0'],
    ['053e', '\uff11'],
  ])('ZT row %s: %j is refused', async (_row, kid) => {
    expect(await withKid(kid)).toBe(U)
  })

  test('ZT row 047: the text says which key is missing', async () => {
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith({}, { kid: '999' }) })
    expect(result).toEqual({ code: U, text: 'invalid zone token: there is no signing key with KID 999' })
  })

  test.each([
    [undefined, 'JWT token must have kid header'],
    [1, 'JWT token kid header must be a string'],
    ['', 'JWT token kid header must have 1 to 253 printable characters'],
    ['k'.repeat(254), 'JWT token kid header must have 1 to 253 printable characters'],
    ['1\n2', 'JWT token kid header must have 1 to 253 printable characters'],
  ])('for %j the text names the fault', async (kid, text) => {
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith({}, { kid }) })
    expect(result).toMatchObject({ text: expect.stringContaining(`error while executing keyfunc: ${text}`) })
  })

  test('ZT row 048: a kid given twice is refused, the second one right (Δ)', async () => {
    expect(await codeOf(signed('{"alg":"RS256","kid":"9","kid":"1"}', BASE_CLAIMS))).toBe(U)
    expect(await codeOf(signed('{"alg":"RS256","k\\u0069d":"9","kid":"1"}', BASE_CLAIMS))).toBe(U)
  })

  test('ZT row 051a: a kid of 64 KiB is too large', async () => {
    expect(await withKid('1'.repeat(65_536))).toBe(RE)
  })

  test('a kid of 253 characters is looked up', async () => {
    const kid = 'k'.repeat(253)
    expect(await codeOf(tokenWith({}, { kid }), trusting(trustOf({ [kid]: zoneKeyA })))).toBe('OK')
  })
})

describe('the key', () => {
  test.each([
    ['056', 'another RSA key', userKeyA],
    ['057', "the control plane's own user key", userKeyA],
    ['058', "another control plane's zone key", zoneKeyB],
  ])('ZT row %s: a token signed with %s is refused', async (_row, _title, key) => {
    const result = await answer({ 'client-id': 'z1', authorization: signed(BASE_HEADER, BASE_CLAIMS, key) })
    expect(result).toEqual({
      code: U,
      text: 'invalid zone token: could not parse token: token signature is invalid: crypto/rsa: verification error',
    })
  })

  test('ZT row 060: with two keys, a token by the older is taken', async () => {
    expect(await codeOf(tokenWith(), trusting(trustOf({ '1': zoneKeyA, '2': zoneKeyB })))).toBe('OK')
  })

  test('ZT row 062: a configured key decides over a secret of the same kid', async () => {
    const configured = staticKeyring(readPublicKeys([{ kid: '1', key: publicKeyPem(zoneKeyB) }]))
    const secrets = trustOf({ '1': zoneKeyA })
    const both = trusting({ ...secrets, keys: chainKeyrings(configured, secrets.keys) })
    expect(await codeOf(signed(BASE_HEADER, BASE_CLAIMS, zoneKeyB), both)).toBe('OK')
    expect(await codeOf(signed(BASE_HEADER, BASE_CLAIMS, zoneKeyA), both)).toBe(U)
  })

  test('a kid that is not configured is looked for in the secrets, whose text is the one reported', async () => {
    const secrets = trustOf({ '1': zoneKeyA })
    const keys = chainKeyrings(staticKeyring(readPublicKeys([{ kid: '7', key: publicKeyPem(zoneKeyB) }])), secrets.keys)
    expect(await keys.publicKey('1')).toMatchObject({ kind: 'found' })
    expect(await keys.publicKey('8')).toEqual({ kind: 'missing', text: 'there is no signing key with KID 8' })
  })

  test('ZT row 063: with configured keys only, a token by a secret key is refused', async () => {
    const keys = staticKeyring(readPublicKeys([{ kid: '2', key: publicKeyPem(zoneKeyB) }]))
    const result = await answer({ 'client-id': 'z1', authorization: tokenWith() }, trusting({ ...trustOf({}), keys }))
    expect(result).toEqual({
      code: U,
      text: 'invalid zone token: there is no signing key with KID 1. GlobalSecret of name "-1" is not found. If signing key was rotated, regenerate the token',
    })
  })
})

describe('keys inside the token', () => {
  const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = createPublicKey(attacker.privateKey).export({ format: 'jwk' })

  test.each([
    ['065', { jwk }],
    ['067a', { jku: 'http://127.0.0.1:9/keys' }],
    ['067b', { x5u: 'http://127.0.0.1:9/chain' }],
    ['068', { x5c: ['MIIB'], x5t: 'AA', 'x5t#S256': 'AA' }],
  ])("ZT row %s: an attacker's key named in the header is not used", async (_row, parameters) => {
    const token = signed({ ...BASE_HEADER, ...parameters }, BASE_CLAIMS, attacker.privateKey)
    expect(await codeOf(token)).toBe(U)
  })

  test.each([
    ['066', { jwk }],
    ['068', { x5c: ['MIIB'], jku: 'http://127.0.0.1:9/keys' }],
  ])('ZT row %s: with the right signature they are ignored', async (_row, parameters) => {
    expect(await codeOf(tokenWith({}, parameters))).toBe('OK')
  })
})
