import { expect, test } from 'vitest'
import { componentsOf, globalsOf } from '../../../src/lab/components.js'
import { databaseOf, platformDatabase } from '../../../src/lab/lab-database.js'
import { labPaths } from '../../../src/lab/paths.js'
import { settingsOf, type Wiring } from '../../../src/lab/settings.js'
import { regionOf, regionsOf, type ShardPlan, shardFor } from '../../../src/lab/shards.js'
import { shopTopology } from '../../../src/lab/shop.js'
import { labSpec } from './specs.js'

const plan: ShardPlan = {
  shards: ['us-1', 'us-2', 'eu-1'],
  tenants: ['a', 'b', 'c', 'd', 'e'],
  placement: { b: 'eu-1' },
}

test('control planes are dealt out over the shards in turn, but for those that have a place', () => {
  expect(plan.tenants.map((tenant) => shardFor(plan, tenant))).toEqual(['us-1', 'eu-1', 'eu-1', 'us-1', 'us-2'])
})

test('a region is what is before the number', () => {
  expect(regionOf('eu-west-12')).toBe('eu-west')
  expect(regionsOf(plan)).toEqual(['us', 'eu'])
})

/** Two shards of two regions, a control plane on each. */
function wiring(controlPlanes: Wiring['controlPlanes'] = {}): Wiring {
  const topology = shopTopology({ shards: ['us-1', 'eu-1'], tenants: 2, zones: 1, dataplanes: 0, external: [] })
  return {
    paths: labPaths('default', { XDG_DATA_HOME: '/home' }),
    spec: labSpec(1, { topology, auth: 'sat', db: 'lab' }),
    ports: {
      platform: { diagnosticsPort: 1, apiHttpPort: 2, 'apiHttpPort-eu': 3 },
      'global/us-1': { kdsPort: 11, apiHttpPort: 12 },
      'global/eu-1': { kdsPort: 21, apiHttpPort: 22 },
    },
    diagnosticsToken: 'd',
    databases: new Map(),
    controlPlanes,
  }
}

function settings(key: string, wired: Wiring): Readonly<Record<string, unknown>> {
  const component = componentsOf(wired.spec).find((candidate) => candidate.key === key)
  if (!component) throw new Error(`there is no ${key}`)
  return settingsOf(component, wired)
}

test('the platform serves each region and knows each shard by a token of its own', () => {
  const { regions, shards } = settings('platform', wiring())
  expect(regions).toBe('us=2,eu=3')
  expect(JSON.parse(String(shards))).toEqual([
    expect.objectContaining({ name: 'us-1', region: 'us', api: 'http://127.0.0.1:12', sync: 'grpc://127.0.0.1:11' }),
    expect.objectContaining({
      ...{ name: 'eu-1', region: 'eu', api: 'http://127.0.0.1:22', sync: 'grpc://127.0.0.1:21' },
      tokenFile: expect.stringMatching(/shard-eu-1$/),
    }),
  ])
})

test('each global has a database, and reads what its own region tells of its own shard', () => {
  expect(settings('global/us-1', wiring())).toMatchObject({
    platformUrl: 'http://127.0.0.1:2/internal/shards/us-1',
    store: expect.stringMatching(/\/global\.db$/),
  })
  expect(settings('global/eu-1', wiring())).toMatchObject({
    platformUrl: 'http://127.0.0.1:3/internal/shards/eu-1',
    store: expect.stringMatching(/\/global\.eu-1\.db$/),
  })
})

const inHome = labPaths('default', { XDG_DATA_HOME: '/home' })
const named = (db: string, shard: string) => databaseOf(inHome, labSpec(1, { db }), shard)

test("a database that the user names is the first shard's, and its name is the stem of the others'", () => {
  expect(['us-1', 'eu-1', 'eu-west-12'].map((shard) => named('/data/mesh.db', shard))).toEqual([
    ...['/data/mesh.db', '/data/mesh.eu-1.db', '/data/mesh.eu-west-12.db'],
  ])
  expect(named('/data.d/mesh', 'eu-1')).toBe('/data.d/mesh.eu-1')
  const url = 'postgres://me@127.0.0.1:5432/mesh?sslmode=disable'
  expect(named(url, 'us-1')).toBe(url)
  expect(named(url, 'eu-west-12')).toBe('postgres://me@127.0.0.1:5432/mesh_eu_west_12?sslmode=disable')
  expect(platformDatabase(inHome, labSpec(1, { db: url }))).toBe(url)
})

test('names that Postgres would cut off, and make one of, are refused', () => {
  expect(() => named(`postgres://me@h/${'x'.repeat(55)}`, 'eu-1')).toThrow('would be too long')
  expect(() => named('postgres://me@h', 'eu-1')).toThrow('name the database, shards have one each')
})

test('a zone dials the shard that its control plane is on, whatever the lab would choose today', () => {
  expect(settings('zone-1@cp-1', wiring()).globalAddress).toBe('grpc://127.0.0.1:11')
  expect(settings('zone-1@cp-2', wiring()).globalAddress).toBe('grpc://127.0.0.1:21')
  const moved = wiring({ 'cp-1': { id: 'id-1', shard: 'eu-1' } })
  expect(settings('zone-1@cp-1', moved)).toMatchObject({ globalAddress: 'grpc://127.0.0.1:21', cpId: 'id-1' })
})

test('each shard may have several instances: they share its database, and its zones begin with different ones', () => {
  const wired = wiring()
  const own = { kind: 'own', ports: {}, instances: 2 } as const
  const spec = { ...wired.spec, global: own, db: 'postgres://me@h/mesh' }
  const ports = { ...wired.ports, 'global-2/eu-1': { kdsPort: 31, apiHttpPort: 32 } }
  const databases = new Map([
    ['postgres://me@h/mesh_eu_1', { store: 'postgres://mesh_eu_1_app@h/mesh_eu_1', password: 'p' }],
  ])
  const several = { ...wired, spec, ports, databases }
  expect(globalsOf(spec).map(({ name }) => name)).toEqual([
    ...['global/us-1', 'global-2/us-1', 'global/eu-1', 'global-2/eu-1'],
  ])
  for (const name of ['global/eu-1', 'global-2/eu-1']) {
    expect(settings(name, several)).toMatchObject({
      store: 'postgres://mesh_eu_1_app@h/mesh_eu_1',
      postgresPassword: 'p',
      platformUrl: 'http://127.0.0.1:3/internal/shards/eu-1',
    })
  }
  expect(settings('zone-1@cp-2', several).globalAddress).toBe('grpc://127.0.0.1:21,grpc://127.0.0.1:31')
})

test("zones of another's global say which control plane they belong to there", () => {
  const wired = wiring()
  const there = { address: 'grpcs://there:1', caFile: undefined, zoneTokenDir: '/tokens', cpId: 'an-id' }
  const global = { kind: 'foreign', ...there } as const
  const topology = shopTopology({ tenants: 1, zones: 1, dataplanes: 0, external: [] })
  const spec = labSpec(1, { topology, auth: 'sat', global })
  expect(settings('zone-1', { ...wired, spec })).toMatchObject({
    ...{ globalAddress: 'grpcs://there:1', cpId: 'an-id', insecure: false },
  })
})
