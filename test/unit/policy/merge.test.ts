import { expect, test } from 'vitest'
import { mergeConfs, mergeRouteRules, type RouteRule } from '../../../src/policy/merge.js'

test.each([
  ['nothing gives an empty conf', [], {}],
  ['members of both are kept', [{ a: 1 }, { b: 2 }], { a: 1, b: 2 }],
  ['the stronger scalar wins', [{ a: 1 }, { a: 2 }], { a: 2 }],
  [
    'objects merge at every depth',
    [{ o: { a: 1, p: { x: 1 } } }, { o: { b: 2, p: { y: 2 } } }],
    { o: { a: 1, b: 2, p: { x: 1, y: 2 } } },
  ],
  ['a list replaces a list', [{ list: [1, 2] }, { list: [3] }], { list: [3] }],
  ['an empty list replaces too', [{ list: [1] }, { list: [] }], { list: [] }],
  [
    'a list under append joins',
    [{ o: { appendMatch: [1] } }, { o: { appendMatch: [2] } }],
    { o: { appendMatch: [1, 2] } },
  ],
  ['a null says nothing', [{ a: 1 }, { a: null }], { a: 1 }],
  [
    'false and zero say something',
    [
      { a: true, b: 1 },
      { a: false, b: 0 },
    ],
    { a: false, b: 0 },
  ],
  ['three merge in order', [{ a: 1, b: 1 }, { a: 2 }, { b: 3 }], { a: 2, b: 3 }],
])('%s', (_rule, confs, merged) => {
  expect(mergeConfs(confs)).toEqual(merged)
})

const rule = (path: string, conf: object = {}): RouteRule => ({
  matches: [{ path: { type: 'PathPrefix', value: path } }],
  default: { from: path, ...conf } as RouteRule['default'],
})
const paths = (rules: readonly RouteRule[]) => rules.map((one) => one.default.from)

test('rules of one route keep their order', () => {
  expect(paths(mergeRouteRules([[rule('/a'), rule('/b')]]))).toEqual(['/a', '/b'])
})

test('rules of a stronger route stand first', () => {
  expect(paths(mergeRouteRules([[rule('/weak')], [rule('/a'), rule('/b')]]))).toEqual(['/a', '/b', '/weak'])
})

test('a rule that a stronger route repeats moves to the place there', () => {
  expect(paths(mergeRouteRules([[rule('/a'), rule('/b')], [rule('/b')]]))).toEqual(['/b', '/a'])
})

test('rules with the same matches become one, in the place of the strongest, with merged defaults', () => {
  const merged = mergeRouteRules([
    [rule('/a', { filters: [1], backendRefs: ['old'] }), rule('/b')],
    [rule('/c'), rule('/a', { backendRefs: ['new'] })],
  ])
  expect(paths(merged)).toEqual(['/c', '/a', '/b'])
  expect(merged[1]?.default).toEqual({ from: '/a', filters: [1], backendRefs: ['new'] })
})
