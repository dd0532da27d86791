import { expect, test } from 'vitest'
import { digestOf, kindOf, newSecret, sameSecret } from '../../../src/platform/secrets.js'

test('a secret begins with what it is, and no two are the same', () => {
  const secrets = Array.from({ length: 200 }, (_, index) => newSecret(index % 2 === 0 ? 'sat' : 'pat').text)
  expect(new Set(secrets).size).toBe(200)
  expect(secrets.every((text, index) => kindOf(text) === (index % 2 === 0 ? 'sat' : 'pat'))).toBe(true)
  expect(secrets.every((text) => /^[sk]pat_[0-9A-Za-z]{49}$/.test(text))).toBe(true)
  // 9,800 characters of 62: that one is missing altogether has a chance of e^-158.
  expect(new Set(secrets.join('').replaceAll(/[sk]pat_/g, '')).size).toBe(62)
})

test('what is kept is the SHA-256 of the whole', () => {
  const { text, digest } = newSecret('sat')
  expect(digest).toBe(digestOf(text))
  expect(digestOf('spat_x')).toBe('23577e2f658e3464ca55f0558ba13c5270606e5689cff8701775b125c09bfd68')
})

test.each(['', 'spat', 'SPAT_x', 'spat-x', 'Bearer spat_x', 'eyJhbGciOi'])('%j is none of ours', (text) => {
  expect(kindOf(text)).toBeUndefined()
})

test('secrets of any length are compared', () => {
  expect(sameSecret('a', 'a')).toBe(true)
  expect(sameSecret('a', 'ab')).toBe(false)
  expect(sameSecret('', 'a')).toBe(false)
})
