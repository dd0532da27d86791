import { expect, test } from 'vitest'
import { matchesHash } from '../../../src/policy/matches-hash.js'

/** As a kuma-cp 348b6528 names them. */
test.each([
  ['everything', [{ path: { type: 'PathPrefix', value: '/' } }], '9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo='],
  [
    'a path and a method',
    [{ method: 'GET', path: { type: 'PathPrefix', value: '/api' } }],
    'wlxieXX6oJvAkwLmn3Oe4C+MluntazxoB0rbgGCMtA0=',
  ],
] as const)('%s has the hash of a real control plane', (_name, matches, hash) => {
  expect(matchesHash(matches)).toBe(hash)
})

test('the order in which the members were written does not count', () => {
  const one = {
    headers: [{ type: 'Exact', name: 'a', value: '<1>' }],
    queryParams: [{ type: 'Exact', name: 'q', value: '&' }],
  }
  const other = {
    queryParams: [{ value: '&', name: 'q', type: 'Exact' }],
    headers: [{ value: '<1>', name: 'a', type: 'Exact' }],
  }
  expect(matchesHash([one])).toBe(matchesHash([other]))
})
