import { describe, expect, test } from 'vitest'
import { openZoneAuthenticator } from '../../../src/auth/open-zone-authenticator.js'
import { CP_ID_HEADER } from '../../../src/auth/zone-call.js'
import type { LogFields } from '../../../src/base/log.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { answer, authenticator, codeOf, IA, metadata, PD, RE, recordingLogger, T, tokenWith, U } from './token-lab.js'

/** auth.md §4.2: presence and transport of the credential. What only sockets show (017, 018, 021, 023) is tested there. */
const base = tokenWith()
const z1 = { 'client-id': 'z1' }
const call = async (authorization: string | readonly string[]) => {
  const result = await answer({ ...z1, authorization })
  return result === 'OK' ? 'OK' : result.code
}

describe('the credential', () => {
  test('ZT row 001: none is unauthenticated, and the text says what to do', async () => {
    const result = await answer(z1)
    expect(result).toMatchObject({ code: U, text: expect.stringMatching(/^Zone CP did not provide a zone token\./) })
    expect(result).toMatchObject({ text: expect.stringContaining('kumactl generate zone-token --zone z1 --scope cp') })
    expect(result).toMatchObject({ text: expect.stringContaining('KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH') })
    expect(result).toMatchObject({ text: expect.stringContaining('KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE') })
  })

  test('ZT row 002: mode none lets anyone in and warns at start', async () => {
    const lines: { message: string; fields: LogFields }[] = []
    const open = openZoneAuthenticator({
      tenancy: { fallback: DEFAULT_TENANT, cpIdHeader: CP_ID_HEADER, ids: 'names' },
      exists: (tenant) => tenant === DEFAULT_TENANT,
      log: recordingLogger(lines),
    })
    expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining('zones are not authenticated')])
    const identity = { tenant: DEFAULT_TENANT, zone: 'z1', credential: { kind: 'none' } }
    await expect(open.authenticate(metadata(z1))).resolves.toEqual(identity)
    await expect(open.authenticate(metadata({}))).rejects.toMatchObject({ code: IA })
    await expect(open.authenticate(metadata({ ...z1, [CP_ID_HEADER]: 'other' }))).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  test('the identity holds who called, and the token by its ids', async () => {
    await expect(authenticator().authenticate(metadata({ ...z1, authorization: base }))).resolves.toEqual({
      tenant: DEFAULT_TENANT,
      zone: 'z1',
      credential: {
        kind: 'zone-jwt',
        kid: '1',
        key: expect.anything(),
        jti: '4b0b3c5e-1f43-4d0c-9f43-0d5b3f6f7a10',
        expiresAtMs: (T + 3600) * 1000,
      },
    })
  })

  test.each([
    ['003', 'a bare token is taken', base, 'OK'],
    ['004', 'after Bearer it is taken', `Bearer ${base}`, 'OK'],
    ['005', 'after bearer it is taken', `bearer ${base}`, 'OK'],
    ['006', 'after BEARER it is taken (Δ)', `BEARER ${base}`, 'OK'],
    ['007', 'two spaces are refused', `Bearer  ${base}`, U],
    ['008', 'two schemes are refused (Δ)', `Bearer bearer ${base}`, U],
    ['009a', 'a scheme alone is refused', 'Bearer', U],
    ['009b', 'a scheme and a space are refused', 'Bearer ', U],
    ['010', 'an empty value is refused', '', U],
    ['011', 'basic is refused', 'Basic dTpw', U],
    ['014', 'two tokens in one value are refused', `${base}, ${base}`, U],
    ['019', 'a valid token of 7.5 KiB is taken', tokenWith({ extra: 'x'.repeat(5200) }), 'OK'],
    ['020a', 'a valid token of 9 KiB is taken', tokenWith({ extra: 'x'.repeat(6300) }), 'OK'],
    ['020b', 'above 16 KiB it is too large', tokenWith({ extra: 'x'.repeat(12_300) }), RE],
    ['022', 'a byte above 0x7f is refused', `${base.slice(0, -4)}\u00e9abc`, U],
    ['024a', 'a leading space is refused', ` ${base}`, U],
    ['024b', 'a trailing space is refused', `${base} `, U],
  ])('ZT row %s: %s', async (_row, _title, value, expected) => {
    expect(await call(value)).toBe(expected)
  })

  test('the limit is 16 KiB to the character', async () => {
    const exact = `${'a'.repeat(16 * 1024 - 4)}.b.c`
    expect(await codeOf(exact)).toBe(U)
    expect(await codeOf(`a${exact}`)).toBe(RE)
  })

  test.each([
    ['012', 'two equal values', [base, base]],
    ['013a', 'a valid value and garbage', [base, 'garbage']],
    ['013b', 'garbage and a valid value', ['garbage', base]],
  ])('ZT row %s: %s are refused', async (_row, _title, values) => {
    expect(await answer({ ...z1, authorization: values })).toEqual({
      code: U,
      text: 'authorization header has 2 values. Expected 1 value',
    })
  })

  test.each(['authorization-bin', 'token', 'x-auth-token', 'cp-token', 'cookie'])(
    'ZT rows 015, 016: a token in %s counts as none',
    async (name) => {
      expect(await answer({ ...z1, [name]: base })).toMatchObject({ code: U })
    },
  )
})

describe('the zone', () => {
  test('ZT row 025: no client-id is an invalid argument', async () => {
    expect(await answer({ authorization: base })).toEqual({ code: IA, text: '"client-id" is not present in metadata' })
  })

  test.each([
    ['026a', ['z1', 'z2']],
    ['026b', ['z1, z2']],
    ['026c', ['z1', 'z1']],
    ['027a', ['']],
    ['027b', ['Z1']],
    ['027c', ['z_1']],
    ['027d', ['z'.repeat(64)]],
    ['027e', ['../z1']],
    ['027f', ['z1%00']],
    ['027g', ['1z']],
    ['027h', ['z1-']],
  ])('ZT row %s: the client-id %j is an invalid argument (Δ)', async (_row, values) => {
    expect(await answer({ 'client-id': values, authorization: base })).toMatchObject({ code: IA })
  })

  test('a name of 63 characters is a zone name', async () => {
    const zone = 'z'.repeat(63)
    expect(await answer({ 'client-id': zone, authorization: tokenWith({ Zone: zone }) })).toBe('OK')
  })

  test('ZT row 155: identity is of each call: the same token under another client-id is denied', async () => {
    const one = authenticator()
    await one.authenticate(metadata({ ...z1, authorization: base }))
    const other = one.authenticate(metadata({ 'client-id': 'z2', authorization: base }))
    await expect(other).rejects.toMatchObject({ code: PD })
  })
})
