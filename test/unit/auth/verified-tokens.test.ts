import type { KeyObject } from 'node:crypto'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type ZoneClaims, zoneClaims } from '../../../src/auth/claims.js'
import { VerifiedTokens } from '../../../src/auth/verified-tokens.js'
import { verifyToken } from '../../../src/auth/verify.js'
import { FakeClock } from '../../support/fake-clock.js'
import { BASE_CLAIMS, T, tokenWith, trustOf, zoneKeyA, zoneKeyB } from './token-lab.js'

/** What is remembered of a token spares work and nothing else. */

let clock: FakeClock
let known: VerifiedTokens<ZoneClaims>
let trust: ReturnType<typeof trustOf>

beforeEach(() => {
  clock = new FakeClock(T * 1000)
  known = new VerifiedTokens()
  trust = trustOf({ '1': zoneKeyA })
})

const outcome = async (token = tokenWith()) => {
  const result = await verifyToken({ token, schema: zoneClaims, trust, known }, { clock })
  return result.kind === 'refused' ? result.reason : 'OK'
}

/** How many signatures were verified while `work` ran. */
async function verified(work: () => Promise<unknown>): Promise<number> {
  const verify = vi.spyOn(crypto.subtle, 'verify')
  onTestFinished(() => verify.mockRestore())
  verify.mockClear()
  await work()
  return verify.mock.calls.length
}

test('the signature of a token that comes again is not verified again', async () => {
  expect(await verified(() => outcome())).toBe(1)
  expect(await verified(() => outcome())).toBe(0)
})

test('one letter more or less is another token', async () => {
  await outcome()
  expect(await outcome(tokenWith().slice(0, -2))).not.toBe('OK')
  expect(await outcome(`${tokenWith()}A`)).not.toBe('OK')
})

test('expiry counts on every call', async () => {
  expect(await outcome()).toBe('OK')
  clock.step(3_600_000)
  expect(await outcome()).toBe('expired')
})

test('revocation counts on every call', async () => {
  expect(await outcome()).toBe('OK')
  const keys = trust.keys
  trust = { keys, revocations: trustOf({}, BASE_CLAIMS.jti).revocations }
  expect(await outcome()).toBe('revoked')
})

test.each([
  ['gone', {}, 'unknown-key'],
  ['replaced by another', { '1': zoneKeyB }, 'bad-signature'],
])('a key that is %s counts on every call', async (_how, keys, expected) => {
  expect(await outcome()).toBe('OK')
  trust = trustOf(keys as Record<string, KeyObject>)
  expect(await outcome()).toBe(expected)
})

test('what did not hold is not remembered', async () => {
  trust = trustOf({ '1': zoneKeyB })
  expect(await outcome()).toBe('bad-signature')
  trust = trustOf({ '1': zoneKeyA })
  expect(await verified(() => outcome())).toBe(1)
  expect(await outcome()).toBe('OK')
})

test('the oldest go when there are too many', async () => {
  known = new VerifiedTokens(2)
  const tokens = ['a', 'b', 'c'].map((jti) => tokenWith({ jti }))
  for (const token of tokens) await outcome(token)
  expect(tokens.map((token) => known.find(token) !== undefined)).toEqual([false, true, true])
})
