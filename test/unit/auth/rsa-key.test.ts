import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  decoyPublicKey,
  generateSigningKeyPem,
  parsePrivateKey,
  parsePublicKey,
  publicKeyPem,
  usable,
} from '../../../src/auth/rsa-key.js'
import { readPublicKeys, staticKeyring, staticSigningKey } from '../../../src/auth/static-keyring.js'
import { userKeyA, zoneKeyA } from './token-lab.js'

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) })
const rsaOf = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent })
const thrownBy = (run: () => unknown): unknown => {
  try {
    run()
  } catch (thrown) {
    return thrown
  }
  return undefined
}

test('a new key is RSA 2048 in PKCS#1 PEM', async () => {
  const pem = await generateSigningKeyPem()
  expect(pem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
  expect(createPrivateKey(pem).asymmetricKeyDetails).toEqual({ modulusLength: 2048, publicExponent: 65_537n })
})

describe('keys are read in every form that secrets have', () => {
  const publicKey = createPublicKey(zoneKeyA)

  test('private ones as PEM and as DER', () => {
    for (const format of ['pem', 'der'] as const) {
      const bytes = Buffer.from(zoneKeyA.export({ type: 'pkcs1', format } as { type: 'pkcs1'; format: 'der' }))
      expect(parsePrivateKey(bytes).equals(zoneKeyA)).toBe(true)
    }
  })

  test('public ones as PKCS#1 PEM, SPKI PEM and PKCS#1 DER', () => {
    expect(parsePublicKey(Buffer.from(publicKeyPem(zoneKeyA))).equals(publicKey)).toBe(true)
    expect(parsePublicKey(Buffer.from(publicKeyPem(publicKey))).equals(publicKey)).toBe(true)
    const spki = publicKey.export({ type: 'spki', format: 'pem' })
    expect(parsePublicKey(Buffer.from(spki)).equals(publicKey)).toBe(true)
    expect(parsePublicKey(publicKey.export({ type: 'pkcs1', format: 'der' })).equals(publicKey)).toBe(true)
  })

  test('the public PEM is what zones get: PKCS#1', () => {
    expect(publicKeyPem(zoneKeyA)).toMatch(/^-----BEGIN RSA PUBLIC KEY-----\n/)
  })

  test('a private key is refused where a public one belongs', () => {
    const pem = zoneKeyA.export({ type: 'pkcs1', format: 'pem' }).toString()
    expect(thrownBy(() => parsePublicKey(Buffer.from(pem)))).toEqual(refusal(/this is a private key/))
  })

  test.each(['', 'x', '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n'])(
    '%j is no key',
    (text) => {
      expect(thrownBy(() => parsePrivateKey(Buffer.from(text)))).toEqual(refusal(/cannot be read/))
      expect(thrownBy(() => parsePublicKey(Buffer.from(text.replaceAll('PRIVATE', 'PUBLIC'))))).toEqual(
        refusal(/cannot be read/),
      )
    },
  )
})

describe('ZT row 064: weak keys are refused when they are configured', () => {
  const evenModulus = () => {
    const jwk = createPublicKey(zoneKeyA).export({ format: 'jwk' })
    const modulus = Buffer.from(jwk.n ?? '', 'base64url')
    modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) & 0xfe
    return createPublicKey({ key: { ...jwk, n: modulus.toString('base64url') }, format: 'jwk' })
  }
  const exponentOne = () => {
    const jwk = createPublicKey(zoneKeyA).export({ format: 'jwk' })
    return createPublicKey({ key: { ...jwk, e: 'AQ' }, format: 'jwk' })
  }

  test.each([
    ['1024 bits', rsaOf(1024).publicKey, /has only 1024 bits/],
    ['exponent 3', rsaOf(2048, 3).publicKey, /public exponent 3/],
    ['exponent 1', exponentOne(), /public exponent 1;/],
    ['an even modulus', evenModulus(), /even modulus/],
    ['not RSA', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey, /not an RSA key/],
  ])('%s', (_title, key, message) => {
    expect(thrownBy(() => usable(key))).toEqual(refusal(message))
  })

  test('a configured key that is weak is named by its kid', () => {
    const pem = rsaOf(1024).publicKey.export({ type: 'spki', format: 'pem' }).toString()
    expect(thrownBy(() => readPublicKeys([{ kid: 'k1', key: pem }]))).toEqual(
      refusal(/^public key with kid "k1": .*1024/),
    )
    const privatePem = rsaOf(1024).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    expect(thrownBy(() => staticSigningKey('k1', privatePem))).toEqual(refusal(/1024/))
  })
})

describe('configured keys', () => {
  const a = publicKeyPem(zoneKeyA)
  const b = publicKeyPem(userKeyA)

  test('need a kid, each its own', () => {
    expect(thrownBy(() => readPublicKeys([{ kid: '', key: a }]))).toEqual(refusal(/needs a kid/))
    const twice = [
      { kid: '1', key: a },
      { kid: '1', key: b },
    ]
    expect(thrownBy(() => readPublicKeys(twice))).toEqual(refusal(/"1" is configured twice/))
  })

  test('of a mesh hold for that mesh only, those without one for all', async () => {
    const keys = readPublicKeys([
      { kid: '1', key: a, mesh: 'one' },
      { kid: '1', key: b, mesh: 'two' },
      { kid: '2', key: b, mesh: '' },
      { kid: '3', key: b },
    ])
    const keyring = staticKeyring(keys, 'one')
    const found = async (kid: string) => (await keyring.publicKey(kid)).kind
    expect(await Promise.all(['1', '2', '3', '4'].map(found))).toEqual(['found', 'found', 'found', 'missing'])
    expect(await keyring.publicKey('1')).toMatchObject({ key: createPublicKey(zoneKeyA) })
  })

  test('row 052: names of object members are no kids', async () => {
    const keyring = staticKeyring(readPublicKeys([{ kid: '1', key: a }]))
    expect(await keyring.publicKey('__proto__')).toMatchObject({ kind: 'missing' })
    expect(await keyring.publicKey('constructor')).toMatchObject({ kind: 'missing' })
  })
})

test('a decoy has the size of a real key and is never the same', () => {
  expect(usable(decoyPublicKey()).asymmetricKeyDetails?.modulusLength).toBe(2048)
  expect(decoyPublicKey().equals(decoyPublicKey())).toBe(false)
})
