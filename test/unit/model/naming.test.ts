import { describe, expect, test } from 'vitest'
import { hashedName, kriOf, parseKri, parseWireName, wireName } from '../../../src/model/naming.js'
import { DOWN_TYPES, UP_TYPES } from '../../../src/model/registry.js'

const zone = (value: string) => ({ 'kuma.io/zone': value })

/** Vectors of Kuma's golden files (`pkg/kds/context/testdata`, `pkg/kds/hash`) and of a run of the same function. */
describe('hashed names', () => {
  test.each([
    ['default', 'redis-zone-1', zone('zone-1'), 'redis-zone-1-2v6wfvvcvbc9f55d'],
    ['default', 'redis-zone-2', zone('zone-2'), 'redis-zone-2-ff29vc4685c6f594'],
    ['default', 'default-timeout-global', {}, 'default-timeout-global-54dbd4c66zwbcf9c'],
    ['default', 'default-timeout-zone-1', zone('zone-1'), 'default-timeout-zone-1-c58w24w4vw27f454'],
    [undefined, 'foo', {}, 'foo-zxw6c95d42zfz9cc'],
    [undefined, 'foo', { ...zone('zone-1'), 'k8s.kuma.io/namespace': 'custom-ns' }, 'foo-696vzv497z4cv4f4'],
    ['default', 'dp-1', zone('zone-1'), 'dp-1-dff6z597w47d46xx'],
    ['default', 'mesh-timeout-all-default', {}, 'mesh-timeout-all-default-bv8z44b7bzb99xc7'],
    ['default', 'backend', zone('zone-2'), 'backend-d8466258x75748d7'],
    [
      'default',
      'demo-app-6d8',
      { ...zone('zone-k8s'), 'k8s.kuma.io/namespace': 'kuma-demo' },
      'demo-app-6d8-9ww66zx54xfv85fw',
    ],
    [undefined, 'synced-universal-mesh-service', {}, 'synced-universal-mesh-service-46484vczc724vc29'],
  ])('%s %s %j → %s', (mesh, name, labels, expected) => {
    expect(hashedName({ mesh, name, labels })).toBe(expected)
  })

  test('the hash is of the display name, so a copy of a copy keeps its name', () => {
    const labels = { ...zone('zone-1'), 'kuma.io/display-name': 'dp-1' }
    expect(hashedName({ mesh: 'default', name: 'dp-1-dff6z597w47d46xx', labels })).toBe('dp-1-dff6z597w47d46xx')
  })

  test('a long display name is cut to 236 bytes', () => {
    expect(hashedName({ mesh: 'm', name: 'a'.repeat(300), labels: {} })).toHaveLength(253)
  })
})

describe('wire names', () => {
  test('a global-scoped name ends with a dot', () => {
    expect(wireName(undefined, 'default')).toBe('default.')
    expect(parseWireName('default.')).toEqual({ name: 'default', mesh: undefined })
  })

  test('removed names are split at the last dot', () => {
    expect(parseWireName('a.b.mesh-1')).toEqual({ name: 'a.b', mesh: 'mesh-1' })
    expect(parseWireName('plain')).toEqual({ name: 'plain', mesh: undefined })
  })
})

test('a KRI has seven parts, empty ones kept', () => {
  const resource = {
    type: 'MeshService',
    mesh: 'default',
    name: 'redis-x',
    labels: { ...zone('east'), 'kuma.io/display-name': 'redis' },
  } as const
  expect(kriOf(resource)).toBe('kri_msvc_default_east__redis_')
  expect(parseKri('kri_msvc_default_east__redis_http')).toMatchObject({
    short: 'msvc',
    zone: 'east',
    namespace: '',
    section: 'http',
  })
  expect(parseKri('kri_msvc_default')).toBeUndefined()
})

test('29 types flow down and 26 flow up, as in Kuma 3.0', () => {
  expect(DOWN_TYPES).toHaveLength(29)
  expect(UP_TYPES).toHaveLength(26)
  expect(DOWN_TYPES[0]).toBe('Mesh')
})
