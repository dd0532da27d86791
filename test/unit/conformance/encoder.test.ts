import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { leaks, shownField, withoutCredentials } from '../../../src/conformance/redaction.js'
import {
  compact,
  fixed,
  flipBit,
  hs256,
  otherSpellings,
  rs256,
  segment,
  withMembersAfter,
  withMembersBefore,
} from '../../../src/conformance/tokens/encoder.js'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const decoded = (text = '') => Buffer.from(text, 'base64url').toString()

describe('the dumb encoder', () => {
  test('signs whatever it is given, so that only the content of a forgery is wrong', () => {
    const token = compact('[]', Buffer.from([0xff]), rs256(privateKey))
    const [header, payload, signature = ''] = token.split('.')
    expect(decoded(header)).toBe('[]')
    expect(Buffer.from(payload ?? '', 'base64url')).toEqual(Buffer.from([0xff]))
    const input = Buffer.from(`${header}.${payload}`)
    expect(verify('sha256', input, createPublicKey(privateKey), Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test('writes a member twice, and numbers that JSON.stringify does not write', () => {
    expect(withMembersBefore('"a":1', { a: 2 })).toBe('{"a":1,"a":2}')
    expect(withMembersAfter({ a: 2 }, '"exp":1e400')).toBe('{"a":2,"exp":1e400}')
  })

  test('a fixed signature and an empty one stay as they are', () => {
    expect(compact({}, {}, fixed('')).endsWith('.')).toBe(true)
    expect(compact({}, {}, fixed(Buffer.from('x'))).endsWith('.eA')).toBe(true)
  })

  test('other spellings decode to the same bytes and are not the canonical one', () => {
    const [, , signature = ''] = compact({}, {}, rs256(privateKey)).split('.')
    const spellings = otherSpellings(signature)
    expect(spellings).toHaveLength(15)
    for (const spelling of spellings) {
      expect(spelling).not.toBe(signature)
      expect(Buffer.from(spelling, 'base64url')).toEqual(Buffer.from(signature, 'base64url'))
    }
  })

  test('a flipped bit is one bit, wherever it is asked for', () => {
    const before = Buffer.from(segment('abc'), 'base64url')
    const after = Buffer.from(flipBit(segment('abc'), 9 + 24), 'base64url')
    expect(before.map((byte, at) => byte ^ (after[at] ?? 0))).toEqual(Buffer.from([0, 2, 0]))
  })
})

describe('evidence', () => {
  const token = compact({ alg: 'HS256' }, { Zone: 'z1' }, hs256('k'))
  const signature = token.slice(token.lastIndexOf('.') + 1)

  test('shows what a token says and never what makes it one', () => {
    const [, shown] = shownField(['authorization', `Bearer ${token}`])
    expect(shown).toMatch(/^Bearer \{"alg":"HS256"\}\.\{"Zone":"z1"\}\.<43 chars, sha256 [0-9a-f]{8}>$/)
  })

  test.each([['authorization'], ['cookie'], ['x-auth-token']])('describes what is no token in %s', (name) => {
    expect(shownField([name, 'spat_0123456789012345678901234567'])[1]).toMatch(/^<33 chars, sha256 [0-9a-f]{8}>$/)
  })

  test('a credential in the path or the authority is described too', () => {
    expect(shownField([':path', `/a/b?access_token=${token}`])[1]).not.toContain(signature)
    expect(shownField([':authority', `zone:${token}@host:1`])[1]).toMatch(/^<\d+ chars, sha256 [0-9a-f]{8}>@host:1$/)
  })

  test('a text that repeats a credential, or its signature alone, leaks it', () => {
    const fields = [['authorization', `Bearer ${token}`]] as const
    expect(leaks(`bad ${token}`, fields)).toBe(true)
    expect(leaks(`bad signature ${signature}`, fields)).toBe(true)
    expect(leaks('bad token', fields)).toBe(false)
    expect(withoutCredentials(`bad ${token}`, fields)).toBe('bad [credential]')
  })
})
