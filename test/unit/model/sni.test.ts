import { expect, test } from 'vitest'
import { sniFaults, sniOf } from '../../../src/model/sni.js'

const target = (labels: Record<string, string> = {}, name = 'redis') =>
  ({ type: 'MeshService', mesh: 'default', name, labels }) as const

test.each([
  [{}, '6379', 'sni.msvc.default.redis.6379'],
  [{ 'kuma.io/zone': 'east' }, 'tcp', 'sni.msvc.default.east.redis.tcp'],
  [{ 'kuma.io/zone': 'east', 'k8s.kuma.io/namespace': 'shop' }, 'tcp', 'sni.msvc.default.east.shop.redis.tcp'],
  [{ 'k8s.kuma.io/namespace': 'shop' }, 'tcp', 'sni.msvc.default.redis.tcp'],
  [{ 'kuma.io/display-name': 'shown', 'kuma.io/zone': 'east' }, '80', 'sni.msvc.default.east.shown.80'],
])('labels %j, section %s make %s', (labels, section, sni) => {
  expect(sniOf(target(labels), section)).toBe(sni)
  expect(sniFaults(target(labels), section)).toEqual([])
})

test('each part has to be a DNS label', () => {
  expect(sniFaults(target({}, 'a.b'), 'Main')).toEqual([
    'name "a.b" does not conform to RFC 1123: must not contain dots',
    expect.stringMatching(/^a lowercase RFC 1123 label must consist of/),
  ])
  expect(sniFaults(target(), '')).toEqual(['mesh, name and sectionName must be non-empty'])
  expect(sniFaults(target({}, 'n'.repeat(64)), 'p')).toEqual([
    `name "${'n'.repeat(64)}" does not conform to RFC 1123: must be no more than 63 characters`,
  ])
})

test('the whole has to be a DNS name', () => {
  const part = 'a'.repeat(63)
  const long = target({ 'kuma.io/zone': part, 'k8s.kuma.io/namespace': part }, part)
  expect(sniFaults(long, part)).toEqual(['computed SNI is 272 characters which exceeds the DNS hostname limit (253)'])
})
