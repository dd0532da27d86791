import { beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { MeshCounting } from '../../../src/global/mesh-counting.js'
import { TenantDirectory } from '../../../src/global/tenant-directory.js'
import type { TenantRuntime } from '../../../src/global/tenant-runtime.js'
import { RESOURCE_TYPES } from '../../../src/model/registry.js'
import { DEFAULT_TENANT, parseTenantId } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { ResourceStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'

const ALL = { mesh: true, hostnameGenerators: true }

let stores: ResourceStore
let made: number

beforeEach(() => {
  stores = new MemoryStore({ clock: new FakeClock(), random: seededRandom(1) })
  made = 0
})

function directory(): TenantDirectory {
  return new TenantDirectory({
    store: stores,
    makeRuntime: () => {
      made += 1
      return { stop: async () => {} } as TenantRuntime
    },
    meshCounting: new MeshCounting({
      shared: false,
      clock: new FakeClock(),
      random: seededRandom(1),
      log: silentLogger,
    }),
    livesStill: async () => () => false,
    localhostIsAdmin: true,
    bootstrapAdminToken: true,
    clock: new FakeClock(),
    random: seededRandom(2),
    log: silentLogger,
  })
}

async function everything(): Promise<readonly string[]> {
  const { resources } = await stores.tenant(DEFAULT_TENANT).listAll(RESOURCE_TYPES)
  return resources
    .filter(({ type }) => type !== 'MeshInsight')
    .map(({ type, name, version }) => `${type} ${name} ${version}`)
}

test('a control plane is made whole once, however often and however concurrently it is opened', async () => {
  const tenants = directory()
  const opened = await Promise.all([tenants.open(DEFAULT_TENANT, ALL), tenants.open(DEFAULT_TENANT, ALL)])
  expect(new Set(opened).size).toBe(1)
  expect(made).toBe(1)
  const first = await everything()
  expect(first).toEqual(
    expect.arrayContaining(['Mesh default 1', 'Config kuma-cluster-id 1', 'GlobalSecret zone-token-signing-key-1 1']),
  )
  // A later life of the process changes nothing of it: the cluster keeps its id and its keys.
  await directory().open(DEFAULT_TENANT, ALL)
  expect(await everything()).toEqual(first)
  await tenants.stop()
})

test('asking about a control plane that there is not makes none', async () => {
  const tenants = directory()
  const unknown = parseTenantId('11111111-2222-3333-4444-555555555555')
  expect(tenants.find(unknown)).toBeUndefined()
  expect(() => tenants.get(unknown)).toThrow('there is no control plane')
  expect(await stores.tenants()).toEqual([])
})

test('defaults can be left out', async () => {
  const tenants = directory()
  await tenants.open(DEFAULT_TENANT, { mesh: false, hostnameGenerators: false })
  expect((await everything()).filter((text) => /^(Mesh|HostnameGenerator) /.test(text))).toEqual([])
  await tenants.stop()
})

test('a control plane that is removed leaves nothing, can be removed again, and begins anew', async () => {
  const tenants = directory()
  const id = parseTenantId('11111111-2222-3333-4444-555555555555')
  await tenants.open(id, ALL)
  const before = (await stores.tenant(id).head()).epoch
  const seen: boolean[] = []
  await tenants.remove(id, () => seen.push(tenants.find(id) === undefined))
  expect(seen).toEqual([true])
  expect(tenants.find(id)).toBeUndefined()
  expect(await stores.tenants()).toEqual([])
  await tenants.remove(id, () => {})
  await tenants.open(id, ALL)
  expect((await stores.tenant(id).head()).epoch).not.toBe(before)
  await tenants.stop()
})

test('a control plane that is opened while it is removed is a new one', async () => {
  const tenants = directory()
  const id = parseTenantId('11111111-2222-3333-4444-555555555555')
  const first = await tenants.open(id, ALL)
  const removed = tenants.remove(id, () => {})
  const second = await tenants.open(id, ALL)
  await removed
  expect(second).not.toBe(first)
  expect(await stores.tenants()).toEqual([id])
  await tenants.stop()
})
