import { createPublicKey, publicEncrypt } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  answer,
  BASE_CLAIMS,
  BASE_HEADER,
  codeOf,
  PD,
  RE,
  segment,
  signed,
  signSegments,
  tokenWith,
  U,
  zoneKeyA,
} from './token-lab.js'

/** auth.md §4.5: header extensions and structure. */
const [header, payload, signature] = tokenWith().split('.') as [string, string, string]
const withHeader = (parameters: Record<string, unknown>) => tokenWith({}, parameters)
const withPayload = (value: unknown) => signed(BASE_HEADER, value)
const bytes = (raw: Buffer) => raw.toString('base64url')

describe('header parameters', () => {
  test.each([
    ['069', { crit: ['foo'], foo: 1 }],
    ['070a', { crit: [] }],
    ['070b', { crit: 'exp' }],
    ['070c', { crit: ['absent'] }],
    ['070d', { crit: ['foo', 'foo'], foo: 1 }],
    ['071', { crit: ['alg'] }],
    ['073', { b64: false }],
    ['074', { b64: true, crit: ['b64'] }],
    ['075', { zip: 'DEF' }],
    ['079a', { typ: 'at+jwt' }],
    ['079b', { typ: 5 }],
    ['079c', { typ: null }],
    ['crit null', { crit: null }],
  ])('ZT row %s: %j is refused (Δ)', async (_row, parameters) => {
    expect(await codeOf(withHeader(parameters))).toBe(U)
  })

  test.each([
    [{ crit: ['foo'], foo: 1 }, 'header parameter crit is not supported'],
    [{ b64: false }, 'header parameter b64 is not supported'],
    [{ zip: 'DEF' }, 'header parameter zip is not supported'],
    [{ typ: 'at+jwt' }, 'header parameter typ must be JWT'],
  ])('for %j the text names the parameter', async (parameters, text) => {
    const result = await answer({ 'client-id': 'z1', authorization: withHeader(parameters) })
    expect(result).toMatchObject({ code: U, text: expect.stringContaining(text) })
  })

  test('ZT row 072: an unencoded payload is refused', async () => {
    const raw = JSON.stringify(BASE_CLAIMS)
    expect(await codeOf(signSegments(segment({ ...BASE_HEADER, b64: false, crit: ['b64'] }), raw))).toBe(U)
  })

  test.each([[undefined], ['JWT'], ['jwt'], ['Jwt']])('ZT row 079: typ %j is taken', async (typ) => {
    expect(await codeOf(withHeader({ typ }))).toBe('OK')
  })

  test('ZT row 076: a token in a token is refused', async () => {
    expect(await codeOf(signed({ ...BASE_HEADER, cty: 'JWT' }, tokenWith()))).toBe(U)
  })
})

describe('serialisation', () => {
  const extra = `${JSON.stringify(BASE_CLAIMS).slice(0, -1)},"x":"`
  const invalidUtf8 = Buffer.concat([Buffer.from(extra), Buffer.from([0xff]), Buffer.from('"}')])
  const encrypted = bytes(publicEncrypt(createPublicKey(zoneKeyA), Buffer.from('key')))

  test.each([
    ['077a', `${segment({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`],
    ['077b', `${segment({ alg: 'RSA-OAEP', enc: 'A128GCM', kid: '1' })}.${encrypted}.AAAA.AAAA.AAAA`],
    ['078', JSON.stringify({ protected: header, payload, signature })],
    ['080a', signed([], BASE_CLAIMS)],
    ['080b', signed('"x"', BASE_CLAIMS)],
    ['080c', signed('null', BASE_CLAIMS)],
    ['080d', signed({}, BASE_CLAIMS)],
    ['081a', signed(`\ufeff${JSON.stringify(BASE_HEADER)}`, BASE_CLAIMS)],
    ['081b', withPayload(`\ufeff${JSON.stringify(BASE_CLAIMS)}`)],
    ['082a', withPayload([BASE_CLAIMS])],
    ['082b', withPayload('"z1"')],
    ['082c', withPayload('1')],
    ['082d', withPayload('null')],
    ['082e', withPayload('')],
    ['083', signSegments(header, bytes(invalidUtf8))],
    ['085', withPayload(`{"Zone":"z2",${JSON.stringify(BASE_CLAIMS).slice(1)}`)],
    ['085b', withPayload(`${JSON.stringify(BASE_CLAIMS).slice(0, -1)},"x":[{"y":1,"y":1}]}`)],
    ['trailing text', withPayload(`${JSON.stringify(BASE_CLAIMS)} x`)],
  ])('ZT row %s is refused', async (_row, token) => {
    expect(await codeOf(token)).toBe(U)
  })

  test('ZT row 084: ten thousand levels and a thousand members are answered', async () => {
    const levels = 5_000
    const deep = `${JSON.stringify(BASE_CLAIMS).slice(0, -1)},"x":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(await codeOf(withPayload(deep))).toBe('OK')
    const deeper = `${JSON.stringify(BASE_CLAIMS).slice(0, -1)},"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
    expect(await codeOf(withPayload(deeper))).toBe(RE)
    const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, 0]))
    expect(await codeOf(tokenWith(wide))).toBe('OK')
  })

  test('the same member name in two objects is no repeat', async () => {
    const nested = { a: { b: 1 }, c: { b: 1 }, 'd":': '"b":' }
    expect(await codeOf(tokenWith({ nested }))).toBe('OK')
  })

  test('ZT row 086: a __proto__ member is no claim and changes no prototype', async () => {
    const { Zone: _, ...rest } = BASE_CLAIMS
    expect(await codeOf(withPayload(`{"__proto__":{"Zone":"z1"},${JSON.stringify(rest).slice(1)}`))).toBe(PD)
    expect(({} as { Zone?: unknown }).Zone).toBeUndefined()
  })
})

describe('segments', () => {
  const sameBits = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    .map((letter) => signature.slice(0, -1) + letter)
    .filter((text) => text !== signature && Buffer.from(text, 'base64url').equals(Buffer.from(signature, 'base64url')))

  test.each([
    ['087a', `${header}=.${payload}.${signature}`],
    ['087b', `${header}.${payload}=.${signature}`],
    ['087c', `${header}.${payload}.${signature}==`],
    ['088a', `${header}.${payload}.+${signature.slice(1)}`],
    ['088b', `${header}.${payload}./${signature.slice(1)}`],
    ['089a', `${header.slice(0, 4)} ${header.slice(4)}.${payload}.${signature}`],
    ['089b', `${header}.${payload.slice(0, 4)}\t${payload.slice(4)}.${signature}`],
    ['089c', `${header}.${payload}.${signature.slice(0, 4)}\n${signature.slice(4)}`],
    ['089d', `${header}.${payload}.${signature}\n`],
    ['089e', `${header}.${payload}.${signature.slice(0, 4)} ${signature.slice(4)}`],
    ['091a', header],
    ['091b', `${header}.${payload}`],
    ['091c', `${header}.${payload}.${signature}.AA`],
    ['091d', `${header}.${payload}.${signature}.`],
    ['091e', `.${header}.${payload}.${signature}`],
    ['091f', '..'],
    ['091g', '...'],
    ['091h', `.${payload}.${signature}`],
    ['093', `${header}.${payload}.`],
    ['094a', `${header}.${payload}.${signature.slice(0, -1)}`],
    ['094b', `${header}.${payload}.${signature.slice(0, -4)}`],
    ['094c', `${header}.${payload}.${bytes(Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.from([0])]))}`],
    ['094d', `${header}.${payload}.${bytes(Buffer.concat([Buffer.from([0]), Buffer.from(signature, 'base64url')]))}`],
    ['094e', `${header}.${payload}.${bytes(Buffer.alloc(256))}`],
    ['094f', `${header}.${payload}.${createPublicKey(zoneKeyA).export({ format: 'jwk' }).n}`],
    ['096', `${segment({ ...BASE_HEADER, typ: undefined })}.${payload}.${signature}`],
  ])('ZT row %s is refused', async (_row, token) => {
    expect(await codeOf(token)).toBe(U)
  })

  test('ZT row 090: every other spelling of the same signature is refused (Δ)', async () => {
    expect(sameBits).toHaveLength(15)
    for (const spelling of sameBits) expect(await codeOf(`${header}.${payload}.${spelling}`)).toBe(U)
  })

  test('ZT row 092: a mebibyte of dots is too large', async () => {
    expect(await codeOf('.'.repeat(1_048_576))).toBe(RE)
  })

  test('ZT row 095: one flipped bit anywhere is refused', async () => {
    const parts = [header, payload, signature].map((text) => Buffer.from(text, 'base64url'))
    const position = fc
      .nat({ max: 2 })
      .chain((part) => fc.tuple(fc.constant(part), fc.nat({ max: (parts[part]?.length ?? 1) * 8 - 1 })))
    const property = fc.asyncProperty(position, async ([part, bit]) => {
      const flipped = parts.map((raw, at) => {
        const copy = Buffer.from(raw)
        if (at === part) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        return copy.toString('base64url')
      })
      expect(await codeOf(flipped.join('.'))).toBe(U)
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test.each([
    ['x', 'token contains an invalid number of segments'],
    [`${header}.${payload}.${signature}.AA`, 'token contains an invalid number of segments'],
    ['a=.b.c', 'could not base64 decode header'],
    [`${segment('[]')}.b.c`, 'could not JSON decode header'],
    [`${header}.b=.c`, 'could not base64 decode claim'],
    [`${header}.${segment('[]')}.c`, 'could not JSON decode claim'],
    [`${header}.${payload}.c=`, 'could not base64 decode signature'],
  ])('%s: the text names the first fault', async (token, text) => {
    const result = await answer({ 'client-id': 'z1', authorization: token })
    const prefix = 'invalid zone token: could not parse token: token is malformed: '
    expect(result).toEqual({ code: U, text: prefix + text })
  })
})
