import { expect, test } from 'vitest'
import { componentsOf, findComponent, isPacked, processGroups } from '../../../src/lab/components.js'
import { shopTopology } from '../../../src/lab/shop.js'
import { labSpec } from './specs.js'

test('up to sixteen zones every component has a process of its own', () => {
  const groups = processGroups(labSpec(16), 2)
  expect(groups).toHaveLength(1 + 16 + 16)
  expect(groups.every(({ components }) => components.length === 1)).toBe(true)
})

test('above that zones and fleets are packed, a process of each kind for every core', () => {
  const spec = labSpec(17)
  expect(isPacked(spec)).toBe(true)
  expect(processGroups(spec, 2).map(({ name, components }) => [name, components.length])).toEqual([
    ['global', 1],
    ['zones-1', 9],
    ['zones-2', 8],
    ['dataplanes-1', 9],
    ['dataplanes-2', 8],
  ])
})

test('--isolate forces one each', () => {
  expect(processGroups(labSpec(17, { processes: 'isolate' }), 2)).toHaveLength(1 + 17 + 17)
})

test('an external zone is a component without a process, and has no sidecars', () => {
  const spec = labSpec(2, {}, ['zone-2'])
  expect(componentsOf(spec).map(({ name }) => name)).toEqual(['global', 'zone-1', 'zone-2', 'dataplanes/zone-1'])
  expect(processGroups(spec, 2).map(({ name }) => name)).toEqual(['global', 'zone-1', 'dataplanes/zone-1'])
})

test('several control planes, or access tokens, need a platform, which starts first', () => {
  const names = (changes: Parameters<typeof labSpec>[1]) => componentsOf(labSpec(1, changes)).map(({ name }) => name)
  const several = { topology: shopTopology({ tenants: 2, zones: 1, dataplanes: 0, external: [] }) }
  expect(names({ auth: 'sat' })).toEqual(['platform', 'global', 'zone-1', 'dataplanes/zone-1'])
  expect(names(several)).toEqual(['platform', 'global', 'zone-1', 'zone-1'])
  expect(names({ auth: 'zone-token' })).not.toContain('platform')
})

test('several shards have a global each, and a platform', () => {
  const topology = shopTopology({ shards: ['us-1', 'eu-1'], tenants: 1, zones: 1, dataplanes: 0, external: [] })
  expect(componentsOf(labSpec(1, { topology })).map(({ name }) => name)).toEqual([
    'platform',
    'global/us-1',
    'global/eu-1',
    'zone-1',
  ])
})

test('over a foreign global there is no global', () => {
  const global = {
    kind: 'foreign',
    address: 'grpc://127.0.0.1:5685',
    caFile: undefined,
    zoneTokenDir: undefined,
  } as const
  expect(componentsOf(labSpec(1, { global })).map(({ name }) => name)).toEqual(['zone-1', 'dataplanes/zone-1'])
})

test('a name that fits several tenants is refused with all that it fits, and found with the tenant', () => {
  const spec = labSpec(1, { topology: shopTopology({ tenants: 2, zones: 1, dataplanes: 0, external: [] }) })
  const components = componentsOf(spec)
  expect(() => findComponent(components, 'zone-1', undefined)).toThrow(
    '"zone-1" fits several components: zone-1 --tenant cp-1, zone-1 --tenant cp-2',
  )
  expect(findComponent(components, 'zone-1', 'cp-2')).toMatchObject({ key: 'zone-1@cp-2' })
  expect(findComponent(components, 'global', 'cp-2')).toMatchObject({ key: 'global' })
})

test('a name that fits none is refused with those that are near', () => {
  expect(() => findComponent(componentsOf(labSpec(2)), 'zone-7', undefined)).toThrow(
    /^there is no component "zone-7"; there is zone-1, zone-2$/,
  )
})
