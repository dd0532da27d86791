import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.js'
import { answer, authenticator, codeOf, metadata, T, tokenWith, tokenWithRawTimes, U } from './token-lab.js'

/** auth.md §4.6: time claims against a server clock that stands at T; no leeway unless it is configured. */
test.each([
  ['097', { exp: T - 1 }, U],
  ['098', { exp: T }, U],
  ['099', { exp: T + 1 }, 'OK'],
  ['101', { exp: undefined }, U],
  ['102', { exp: null }, U],
  ['103', { exp: '1893456000' }, U],
  ['104a', { exp: 'soon' }, U],
  ['104b', { exp: true }, U],
  ['104c', { exp: [] }, U],
  ['104d', { exp: {} }, U],
  ['105a', { exp: T + 0.5 }, 'OK'],
  ['105b', { exp: T - 0.5, nbf: undefined }, U],
  ['106a', { exp: -1 }, U],
  ['106b', { exp: 0 }, U],
  ['109', { exp: (T + 3600) * 1000 }, U],
  ['110a', { nbf: T + 1 }, U],
  ['110b', { nbf: T }, 'OK'],
  ['111a', { nbf: String(T) }, U],
  ['111b', { nbf: null }, U],
  ['112a', { nbf: undefined }, 'OK'],
  ['112b', { iat: undefined }, 'OK'],
  ['113', { iat: T + 3600 }, 'OK'],
  ['114a', { iat: String(T) }, U],
  ['114b', { iat: null }, U],
  ['115', { exp: T + 10, nbf: T + 20 }, U],
])('ZT row %s: %j → %s', async (_row, claims, expected) => {
  expect(await codeOf(tokenWith(claims))).toBe(expected)
})

test.each([
  ['107a', '"exp":1e400'],
  ['107b', '"exp":1893456000,"nbf":-1e400'],
  ['108a', '"exp":1e300'],
  ['108b', '"exp":9223372036854775808'],
  ['108c', '"exp":9007199254740993'],
  ['108d', `"exp":${T + 10},"nbf":-1e300`],
  ['108e', `"exp":${T + 10},"iat":9007199254740993`],
])('ZT row %s: %s is refused', async (_row, members) => {
  expect(await codeOf(tokenWithRawTimes(members))).toBe(U)
})

test('an infinite number is refused wherever it stands', async () => {
  expect(await codeOf(tokenWithRawTimes(`"exp":${T + 10},"x":[1e400]`))).toBe(U)
  expect(await codeOf(tokenWithRawTimes(`"exp":${T + 10},"x":[1e40]`))).toBe('OK')
})

test('ZT row 100: a leeway of 5 s takes a token that expired 4 s ago, not one of 5 s ago', async () => {
  const lenient = { leewayMs: 5_000 }
  expect(await codeOf(tokenWith({ exp: T - 4 }), lenient)).toBe('OK')
  expect(await codeOf(tokenWith({ exp: T - 5 }), lenient)).toBe(U)
  expect(await codeOf(tokenWith({ nbf: T + 5 }), lenient)).toBe('OK')
  expect(await codeOf(tokenWith({ nbf: T + 6 }), lenient)).toBe(U)
})

test('ZT row 115: a token that ends before it begins is refused, whatever the leeway', async () => {
  expect(await codeOf(tokenWith({ exp: T + 10, nbf: T + 20 }), { leewayMs: 30_000 })).toBe(U)
})

test('the longest lifetime that Kuma can give is taken', async () => {
  const goDurationMaxS = Math.floor((2 ** 63 - 1) / 1e9)
  expect(await codeOf(tokenWith({ exp: T + goDurationMaxS }))).toBe('OK')
})

test('ZT row 116: with the clock an hour back a token is not valid yet, and holds again when the clock does', async () => {
  const clock = new FakeClock((T - 3600) * 1000)
  const headers = { 'client-id': 'z1', authorization: tokenWith() }
  expect(await answer(headers, { clock })).toEqual({
    code: U,
    text: "invalid zone token: token is not yet valid: 'valid_from' date is in the future. Check if the system clock on the instance that issued the token is set correctly: token has invalid claims: token is not valid yet",
  })
  clock.step(3_600_000)
  expect(await answer(headers, { clock })).toBe('OK')
})

test('an expired token is told so, and since when', async () => {
  const result = await answer({ 'client-id': 'z1', authorization: tokenWith({ exp: T - 90 }) })
  const text = 'invalid zone token: could not parse token: token has invalid claims: token is expired by 90s'
  expect(result).toEqual({ code: U, text })
})

test('ZT rows 100, 143: what lets an open stream live, and until when, has the same leeway', async () => {
  const clock = new FakeClock(T * 1000)
  const door = authenticator({ clock, leewayMs: 5_000 })
  const peer = await door.authenticate(metadata({ 'client-id': 'z1', authorization: tokenWith({ exp: T + 1 }) }))
  expect(peer.credential).toMatchObject({ expiresAtMs: (T + 6) * 1000 })
  clock.step(5_999)
  expect(await door.recheck(peer)).toBeUndefined()
  clock.step(1)
  expect(await door.recheck(peer)).toMatchObject({ reason: 'expired' })
})
