import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import { openPostgresStore, type PgStoreOptions } from '../../../src/store/postgres/pg-store.js'
import type { ResourceStore, TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { describePostgres, type TestDatabase } from '../../support/postgres.js'
import { PostgresProxy } from '../../support/postgres-proxy.js'
import { draft, put } from '../../support/resource-builder.js'
import { eventually } from '../kds/control-planes.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describePostgres('a Postgres store on a bad day', (subject) => {
  let database: TestDatabase
  let proxy: PostgresProxy
  let url: string
  let day = 0
  const stores: ResourceStore[] = []
  beforeAll(async () => {
    database = await subject.database()
  })
  beforeEach(async () => {
    day += 1
    proxy = new PostgresProxy(database.appUrl)
    url = await proxy.listen()
  })
  afterEach(async () => {
    proxy.refusing = false
    for (const store of stores.splice(0)) await store.close()
    await proxy.close()
  })

  const open = async (options: Partial<PgStoreOptions> = {}): Promise<TenantStore> => {
    const store = await openPostgresStore({ url, clock: systemClock, random: systemRandom, ...options })
    stores.push(store)
    return store.tenant(parseTenantId(`day-${day}`))
  }
  const mesh = (name: string) => put(draft('Mesh', name))
  const names = async (tenant: TenantStore) => (await tenant.list('Mesh')).resources.map(({ name }) => name)
  /** Revisions that the watchers of a store have been told, once they have been told of `last`. */
  const heard = (tenant: TenantStore) => {
    const revisions: number[] = []
    tenant.watch(({ revision }) => revisions.push(revision))
    const upTo = (last: number) =>
      eventually(`the watcher hears of ${last}`, async () => (revisions.at(-1) === last ? revisions : undefined))
    return { revisions, upTo }
  }

  test('while the database is away reads and writes say so, and after it everything goes on without a restart', async () => {
    const tenant = await open()
    const other = await open({ url: database.appUrl })
    await tenant.commit([mesh('before')])
    const { upTo } = heard(tenant)
    await tenant.head()
    proxy.refusing = true
    proxy.cut()
    const away = { code: 'unavailable', message: expect.stringMatching(/the database .* try again later/) }
    await expect(tenant.list('Mesh')).rejects.toMatchObject(away)
    await expect(tenant.commit([mesh('meanwhile')])).rejects.toMatchObject(away)
    await other.commit([mesh('elsewhere')])
    proxy.refusing = false
    expect((await tenant.commit([mesh('after')])).revision).toBe(3)
    expect(await names(tenant)).toEqual(['after', 'before', 'elsewhere'])
    expect(await upTo(3)).toEqual([2, 3])
  })

  test('connections that died in the pool cost nobody an error', async () => {
    const tenant = await open()
    await Promise.all(Array.from({ length: 20 }, () => tenant.head()))
    proxy.cut()
    await tenant.commit([mesh('a')])
    proxy.cut()
    expect(await names(tenant)).toEqual(['a'])
  })

  test('an answer to COMMIT that is lost is asked for: what was written is acknowledged, once', async () => {
    const tenant = await open()
    await tenant.commit([mesh('first')])
    const { upTo } = heard(tenant)
    proxy.commit = 'is lost on the way back'
    const committing = tenant.commit([mesh('second')])
    await eventually('the connection is cut', async () => (proxy.lost > 0 ? true : undefined))
    proxy.commit = 'passes'
    const { outcomes, revision } = await committing
    expect([outcomes[0]?.kind, revision, proxy.lost]).toEqual(['created', 2, 1])
    expect(await tenant.get(draft('Mesh', 'second'))).toMatchObject({ version: 1 })
    expect((await tenant.commit([mesh('third')])).revision).toBe(3)
    expect(await upTo(3)).toEqual([2, 3])
  })

  test('a COMMIT that never arrived wrote nothing, and the writer hears that', async () => {
    const tenant = await open()
    await tenant.commit([mesh('first')])
    proxy.commit = 'is lost on the way there'
    const committing = tenant.commit([mesh('second')])
    committing.catch(() => {})
    await eventually('the connection is cut', async () => (proxy.lost > 0 ? true : undefined))
    proxy.commit = 'passes'
    await expect(committing).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('before it wrote'),
    })
    expect(await names(tenant)).toEqual(['first'])
    expect((await tenant.commit([mesh('second')])).revision).toBe(2)
  })

  test('backends terminated under many writers: nothing acknowledged is lost, nothing is there twice', async () => {
    const tenant = await open()
    const { revisions } = heard(tenant)
    await tenant.head()
    const terminate = () =>
      subject.run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${database.appRole}' AND pid <> pg_backend_pid()`,
        database.superUrl,
      )
    const acknowledged: string[] = []
    const writer = async (name: string) => {
      for (let step = 0; step < 15; step += 1) {
        const written = `${name}-${step}`
        await tenant.commit([mesh(written)]).then(
          () => acknowledged.push(written),
          (error: { code: string }) => expect(error.code).toBe('unavailable'),
        )
      }
    }
    const writing = Promise.all(Array.from({ length: 8 }, (_, index) => writer(`w${index}`)))
    for (let round = 0; round < 5; round += 1) await terminate()
    await writing
    expect(acknowledged.length).toBeGreaterThan(0)
    const { head, resources } = await tenant.list('Mesh')
    expect(resources.map(({ name }) => name)).toEqual(expect.arrayContaining(acknowledged))
    expect(resources.every(({ version }) => version === 1)).toBe(true)
    expect(head.revision).toBe(resources.length)
    expect(revisions).toEqual(Array.from({ length: head.revision }, (_, index) => index + 1))
  })

  test('a notification that is dropped is made up for by the next look', async () => {
    const clock = new FakeClock()
    const tenant = await open({ clock })
    const other = await open({ url: database.appUrl })
    await other.commit([mesh('a')])
    const { revisions, upTo } = heard(tenant)
    await tenant.head()
    await other.commit([mesh('b')])
    await upTo(2)
    proxy.dropsNotifications = true
    await other.commit([mesh('c')])
    await other.commit([mesh('d')])
    expect(revisions).toEqual([2])
    await eventually('the look finds both', async () => {
      clock.step(5_000)
      return revisions.at(-1) === 4 ? true : undefined
    })
    expect(revisions).toEqual([2, 3, 4])
  })

  test('a gap that the log does not reach back over makes watchers read anew', async () => {
    const tenant = await open()
    await tenant.commit([mesh('a')])
    const epochs: (readonly [string, number])[] = []
    tenant.watch(({ epoch, revision }) => epochs.push([epoch, revision]))
    const { epoch } = await tenant.head()
    await subject.run(
      `UPDATE zonelab.tenant SET revision = revision + 5, floor = revision + 5 WHERE tenant_id = 'day-${day}';
        DELETE FROM zonelab.change_log WHERE tenant_id = 'day-${day}'`,
      database.superUrl,
    )
    expect((await tenant.head()).revision).toBe(6)
    expect(epochs).toEqual([[expect.not.stringMatching(epoch), 0]])
    await tenant.commit([mesh('b')])
    expect(epochs[1]).toEqual([epoch, 7])
  })

  test('what a leader of an earlier term writes is refused', async () => {
    const tenant = await open()
    await subject.run("INSERT INTO zonelab.leader VALUES ('job', 2, 'somebody')", database.superUrl)
    const late = tenant.commit([mesh('late')], { role: 'job', term: 1 })
    const timely = tenant.commit([mesh('timely')], { role: 'job', term: 2 })
    await expect(late).rejects.toMatchObject({ code: 'superseded' })
    await timely
    expect(await names(tenant)).toEqual(['timely'])
  })
})
