import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.js'
import { parseTenantId } from '../../src/model/tenant.js'
import type { ResourceStore } from '../../src/store/store.js'
import { FakeClock } from '../support/fake-clock.js'
import { draft, put, remove } from '../support/resource-builder.js'
import { storeHistoryContract } from './store-history-contract.js'
import type { Subject } from './store-subject.js'

/** Opens an empty store. The suite closes it. */
export type MakeStore = (ports: { readonly clock: FakeClock; readonly random: Random }) => Promise<ResourceStore>

/** The contract of `src/store/store.ts`: what every implementation does. */
export function storeContract(name: string, make: MakeStore): void {
  describe(name, () => {
    const clock = new FakeClock()
    let store: ResourceStore
    let tenantCount = 0
    beforeAll(async () => {
      store = await make({ clock, random: seededRandom(1) })
    })
    afterAll(() => store.close())
    const freshTenant = () => {
      tenantCount += 1
      return store.tenant(parseTenantId(`tenant-${tenantCount}`))
    }
    const subject: Subject = { clock, store: () => store, freshTenant }
    describe('writes', () => writes(subject))
    describe('owners', () => owners(subject))
    describe('reads', () => reads(subject))
    describe('tenants', () => tenants(subject))
    storeHistoryContract(subject)
    test('refuses every call after it was closed, and closes twice without harm', async () => {
      const closing = await make({ clock, random: seededRandom(2) })
      const tenant = closing.tenant(parseTenantId('closing'))
      await tenant.commit(Array.from({ length: 3_000 }, (_, index) => put(draft('Mesh', `m${index}`))))
      const last = tenant.commit([put(draft('Mesh', 'last'))])
      const list = tenant.list('Mesh')
      await closing.close()
      await closing.close()
      expect((await last).outcomes[0]?.kind).toBe('created')
      expect((await list).resources.length).toBeGreaterThanOrEqual(3_000)
      await expect(tenant.commit([put(draft('Mesh', 'late'))])).rejects.toMatchObject({ code: 'unavailable' })
      await expect(tenant.head()).rejects.toMatchObject({ code: 'unavailable' })
      await expect(closing.tenants()).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}

function writes({ clock, freshTenant }: Subject): void {
  const timeout = draft('MeshTimeout', 'slow', { labels: { b: '2', a: '1' }, spec: { to: [] }, syncedVersion: 'v1' })

  test('a put of something new creates it with a uid, version 1 and the time', async () => {
    const tenant = freshTenant()
    clock.step(5)
    const { outcomes, revision } = await tenant.commit([put(timeout)])
    expect(revision).toBe(1)
    const created = { ...timeout, version: 1, createdAtMs: clock.nowMs(), modifiedAtMs: clock.nowMs() }
    expect(outcomes).toEqual([
      { kind: 'created', resource: { ...created, uid: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
    ])
    expect(await tenant.get(timeout)).toEqual(outcomes[0]?.kind === 'created' && outcomes[0].resource)
  })

  test('a put of something changed updates it: version + 1, same uid and creation time', async () => {
    const tenant = freshTenant()
    const [created] = (await tenant.commit([put(timeout)])).outcomes
    clock.step(1000)
    const [updated] = (await tenant.commit([put({ ...timeout, labels: { a: '1' } })])).outcomes
    if (created?.kind !== 'created' || updated?.kind !== 'updated') throw new Error('not created, then updated')
    expect(updated.resource).toEqual({
      ...created.resource,
      labels: { a: '1' },
      version: 2,
      modifiedAtMs: clock.nowMs(),
    })
  })

  test.each([
    ['labels', { labels: { a: '1', b: '3' } }],
    ['spec', { spec: { to: [1] } }],
    ['status', { status: {} }],
    ['owner', { owner: { type: 'Mesh', mesh: undefined, name: 'default' } }],
    ['synced version', { syncedVersion: 'v2' }],
  ] as const)('a put that changes only the %s is a change', async (_what, parts) => {
    const tenant = freshTenant()
    const base = { labels: { a: '1', b: '2' }, spec: { to: [] }, syncedVersion: 'v1' }
    await tenant.commit([put(draft('MeshService', 'x', base))])
    const changed = draft('MeshService', 'x', { ...base, ...parts })
    const result = await tenant.commit([put(changed)])
    expect(result).toMatchObject({ revision: 2, outcomes: [{ kind: 'updated', resource: changed }] })
    expect(await tenant.get(changed)).toMatchObject({ ...changed, version: 2 })
  })

  test('a put that changes nothing is unchanged and takes no revision', async () => {
    const tenant = freshTenant()
    await tenant.commit([put(timeout)])
    clock.step(1000)
    const before = await tenant.get(timeout)
    const result = await tenant.commit([put({ ...timeout, labels: { a: '1', b: '2' } })])
    expect(result).toEqual({ outcomes: [{ kind: 'unchanged', resource: before }], revision: 1 })
    expect(await tenant.get(timeout)).toEqual(before)
  })

  test('expectations decide: absent, a version, and what is there instead', async () => {
    const tenant = freshTenant()
    const missing = await tenant.commit([
      put(timeout, { version: 1 }),
      remove(timeout, { version: 1 }),
      remove(timeout),
    ])
    expect(missing).toEqual({ outcomes: [{ kind: 'absent' }, { kind: 'absent' }, { kind: 'absent' }], revision: 0 })
    await tenant.commit([put(timeout, 'absent')])
    const actual = await tenant.get(timeout)
    const other = { ...timeout, syncedVersion: 'v2' }
    const refused = await tenant.commit([
      put(other, 'absent'),
      put(other, { version: 2 }),
      remove(other, { version: 2 }),
    ])
    expect(refused).toEqual({ outcomes: Array(3).fill({ kind: 'conflict', actual }), revision: 1 })
    const [updated] = (await tenant.commit([put(other, { version: 1 })])).outcomes
    expect(updated?.kind).toBe('updated')
    const [deleted] = (await tenant.commit([remove(other, { version: 2 })])).outcomes
    expect(deleted).toMatchObject({ kind: 'deleted', resource: { version: 2, syncedVersion: 'v2' } })
    expect(await tenant.get(timeout)).toBeUndefined()
  })

  test('a write that is refused does not hold up the others of its commit', async () => {
    const tenant = freshTenant()
    const result = await tenant.commit([put(draft('Mesh', 'a')), remove(timeout), put(draft('Mesh', 'b'))])
    expect(result.outcomes.map(({ kind }) => kind)).toEqual(['created', 'absent', 'created'])
    expect((await tenant.list('Mesh')).resources.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('the writes of one commit see one another, in order, and take one revision', async () => {
    const tenant = freshTenant()
    const mesh = draft('Mesh', 'a')
    const changed = { ...mesh, labels: { x: 'y' } }
    const result = await tenant.commit([put(mesh, 'absent'), put(changed, { version: 1 }), remove(mesh), put(mesh)])
    expect(result.outcomes.map(({ kind }) => kind)).toEqual(['created', 'updated', 'deleted', 'created'])
    expect(result.revision).toBe(1)
    expect(await tenant.get(mesh)).toMatchObject({ version: 1, labels: {} })
  })

  test('what comes and goes in one commit is no change', async () => {
    const tenant = freshTenant()
    const result = await tenant.commit([put(timeout), remove(timeout)])
    expect(result.revision).toBe(0)
    expect(result.outcomes.map(({ kind }) => kind)).toEqual(['created', 'deleted'])
  })

  test('a re-created resource is another one: new uid, version 1, new creation time', async () => {
    const tenant = freshTenant()
    await tenant.commit([put(timeout)])
    const first = await tenant.get(timeout)
    clock.step(10)
    await tenant.commit([remove(timeout)])
    await tenant.commit([put(timeout)])
    const second = await tenant.get(timeout)
    expect(second?.uid).not.toBe(first?.uid)
    expect(second).toMatchObject({ version: 1, createdAtMs: clock.nowMs() })
  })

  test('an empty commit changes nothing', async () => {
    expect(await freshTenant().commit([])).toEqual({ outcomes: [], revision: 0 })
  })

  test('a commit with a key that breaks the model is refused whole, and the one beside it is not', async () => {
    const tenant = freshTenant()
    const meshless = { ...timeout, mesh: undefined }
    const bad = tenant.commit([put(draft('Mesh', 'with-bad')), put(meshless)])
    const good = tenant.commit([put(draft('Mesh', 'beside'))])
    await expect(bad).rejects.toMatchObject({ code: 'internal' })
    expect((await good).revision).toBe(1)
    expect((await tenant.list('Mesh')).resources.map(({ name }) => name)).toEqual(['beside'])
    for (const name of ['', 'a/b']) {
      await expect(tenant.commit([put(draft('Mesh', name))])).rejects.toMatchObject({ code: 'internal' })
    }
  })
}

function owners({ freshTenant }: Subject): void {
  const mesh = draft('Mesh', 'shop')
  const service = draft('MeshService', 'cart', { mesh: 'shop', owner: mesh })
  const trust = draft('MeshTrust', 'deep', { mesh: 'shop', owner: service })
  const other = draft('MeshService', 'free', { mesh: 'shop' })

  test('a delete takes along what it owns, transitively, in the same revision', async () => {
    const tenant = freshTenant()
    await tenant.commit([put(trust), put(service), put(other), put(mesh)])
    const result = await tenant.commit([remove(mesh)])
    expect(result).toMatchObject({ revision: 2, outcomes: [{ kind: 'deleted', resource: { name: 'shop' } }] })
    const { resources } = await tenant.listAll(['Mesh', 'MeshService', 'MeshTrust'])
    expect(resources.map(({ name }) => name)).toEqual(['free'])
  })

  test('belongings given, taken and re-created earlier in the same commit are seen', async () => {
    const tenant = freshTenant()
    await tenant.commit([put(service), put({ ...trust, owner: mesh })])
    const released = { ...service, owner: undefined }
    const taken = { ...other, owner: mesh }
    const given = { ...trust, owner: released }
    await tenant.commit([put(mesh), put(released), put(given), put(taken), remove(taken), put(taken), remove(mesh)])
    const { resources } = await tenant.listAll(['Mesh', 'MeshService', 'MeshTrust'])
    expect(resources).toMatchObject([released, { ...given, owner: { type: 'MeshService', name: 'cart' } }])
  })

  test('a circle of owners is deleted once', async () => {
    const tenant = freshTenant()
    await tenant.commit([put(trust), put({ ...service, owner: trust })])
    expect((await tenant.commit([remove(trust)])).outcomes).toHaveLength(1)
    expect((await tenant.listAll(['MeshService', 'MeshTrust'])).resources).toEqual([])
  })

  test('owners of one name in two meshes are two owners', async () => {
    const tenant = freshTenant()
    const elsewhere = { ...service, mesh: 'other' }
    await tenant.commit([put(service), put(elsewhere), put(trust), put({ ...trust, mesh: 'other', owner: elsewhere })])
    await tenant.commit([remove(service)])
    expect((await tenant.list('MeshTrust')).resources.map(({ mesh }) => mesh)).toEqual(['other'])
  })
}

function reads({ freshTenant }: Subject): void {
  const names = ['b', 'a', 'B', 'a-1', 'z9', '\u{1F600}', '\uFF5E']

  test('a list is sorted by mesh, then name, by code unit, and shows its revision', async () => {
    const tenant = freshTenant()
    for (const mesh of ['m2', 'm1']) await tenant.commit(names.map((name) => put(draft('MeshTimeout', name, { mesh }))))
    const { resources, head } = await tenant.list('MeshTimeout')
    const sorted = [...names].sort()
    expect(resources.map(({ mesh, name }) => [mesh, name])).toEqual([
      ...sorted.map((name) => ['m1', name]),
      ...sorted.map((name) => ['m2', name]),
    ])
    expect(head).toEqual(await tenant.head())
    expect(head.revision).toBe(2)
  })

  test('a list is narrowed by mesh, part of the name and labels, all at once', async () => {
    const tenant = freshTenant()
    const make = (name: string, mesh: string, labels: Record<string, string>) =>
      put(draft('MeshTimeout', name, { mesh, labels }))
    await tenant.commit([
      make('cart-a', 'm1', { team: 'x', tier: '1' }),
      make('cart-b', 'm1', { team: 'y' }),
      make('cart-c', 'm2', { team: 'x' }),
      make('pay_%', 'm1', { team: 'x' }),
    ])
    const list = async (filter: Parameters<typeof tenant.list>[1]) =>
      (await tenant.list('MeshTimeout', filter)).resources.map(({ name }) => name)
    expect(await list({ mesh: 'm1' })).toEqual(['cart-a', 'cart-b', 'pay_%'])
    expect(await list({ nameContains: 'art-' })).toEqual(['cart-a', 'cart-b', 'cart-c'])
    expect(await list({ nameContains: '_%' })).toEqual(['pay_%'])
    expect(await list({ nameContains: 'CART' })).toEqual([])
    expect(await list({ labels: { team: 'x', tier: '1' } })).toEqual(['cart-a'])
    expect(await list({ mesh: 'm1', nameContains: 'cart', labels: { team: 'y' } })).toEqual(['cart-b'])
  })

  test('listAll reads the types in the order given', async () => {
    const tenant = freshTenant()
    await tenant.commit([
      put(draft('Zone', 'z')),
      put(draft('Mesh', 'b')),
      put(draft('Mesh', 'a')),
      put(draft('Config', 'c')),
    ])
    const { resources, head } = await tenant.listAll(['Zone', 'MeshTimeout', 'Mesh'])
    expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual(['Zone z', 'Mesh a', 'Mesh b'])
    expect(head.revision).toBe(1)
  })

  test('a large list arrives whole', async () => {
    const tenant = freshTenant()
    const all = Array.from({ length: 2_500 }, (_, index) =>
      put(draft('MeshTimeout', `t${String(index).padStart(5, '0')}`)),
    )
    await tenant.commit(all)
    const { resources } = await tenant.listAll(['MeshTimeout', 'Mesh'])
    expect(resources).toHaveLength(2_500)
    expect(new Set(resources.map(({ name }) => name)).size).toBe(2_500)
    expect(resources.at(-1)?.name).toBe('t02499')
  })
}

function tenants({ store, freshTenant }: Subject): void {
  test('tenants see nothing of one another, under the same names', async () => {
    const [one, two] = [freshTenant(), freshTenant()]
    const mesh = draft('Mesh', 'default')
    const owned = draft('MeshTimeout', 'owned', { owner: mesh })
    await one.commit([put(mesh), put(owned)])
    expect(await two.get(mesh)).toBeUndefined()
    expect((await two.list('Mesh')).resources).toEqual([])
    expect(await two.head()).toMatchObject({ revision: 0 })
    await two.commit([put({ ...mesh, labels: { of: 'two' } }), put(owned)])
    await two.commit([remove(mesh)])
    expect(await one.get(mesh)).toMatchObject({ labels: {}, version: 1 })
    expect(await one.get(owned)).toBeDefined()
    expect((await one.head()).epoch).not.toBe((await two.head()).epoch)
  })

  test('the same tenant is the same object', () => {
    const tenant = freshTenant()
    expect(store().tenant(tenant.tenant)).toBe(tenant)
  })

  test('tenants are listed, sorted, from their first change until they are deleted; reading makes none', async () => {
    const [one, two, reader] = [freshTenant(), freshTenant(), freshTenant()]
    await reader.list('Mesh')
    await reader.commit([remove(draft('Mesh', 'nothing'))])
    await two.commit([put(draft('Mesh', 'a'))])
    await one.commit([put(draft('Mesh', 'a'))])
    await one.commit([remove(draft('Mesh', 'a'))])
    const listed = await store().tenants()
    expect(listed).toEqual([...listed].sort())
    expect(listed).toEqual(expect.arrayContaining([one.tenant, two.tenant]))
    expect(listed).not.toContain(reader.tenant)
    await store().deleteTenant(one.tenant)
    expect(await store().tenants()).not.toContain(one.tenant)
  })

  test('a deleted tenant starts over in a new epoch, and its watchers hear of it once', async () => {
    const [tenant, bystander] = [freshTenant(), freshTenant()]
    await tenant.commit([put(draft('Mesh', 'a')), put(draft('MeshTimeout', 'x', { owner: draft('Mesh', 'a') }))])
    await bystander.commit([put(draft('Mesh', 'a'))])
    const before = await tenant.head()
    const seen: unknown[] = []
    tenant.watch((commit) => seen.push(commit))
    await store().deleteTenant(tenant.tenant)
    const after = await tenant.head()
    expect(after.epoch).not.toBe(before.epoch)
    expect(seen).toEqual([{ epoch: after.epoch, revision: 0, changes: [] }])
    expect((await tenant.listAll(['Mesh', 'MeshTimeout'])).resources).toEqual([])
    expect(await tenant.changesSince(before.epoch, 1)).toEqual({ kind: 'start-over', head: { ...after, revision: 0 } })
    expect((await tenant.commit([put(draft('Mesh', 'b'))])).revision).toBe(1)
    expect(await tenant.changesSince(after.epoch, 0)).toMatchObject({ kind: 'changes', keys: [{ name: 'b' }] })
    expect((await bystander.list('Mesh')).resources).toHaveLength(1)
  })
}
