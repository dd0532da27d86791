import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { systemRandom } from '../../../src/base/random.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import { PgDatabase } from '../../../src/store/postgres/pg-database.js'
import { openPostgresStore, type PgStore } from '../../../src/store/postgres/pg-store.js'
import { PgTenantStore } from '../../../src/store/postgres/pg-tenant-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { StoreFollower } from '../../../src/sync/store-follower.js'
import { describePostgres, type TestDatabase } from '../../support/postgres.js'
import { draft, put } from '../../support/resource-builder.js'
import { eventually } from '../kds/control-planes.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const TENANT = parseTenantId('without-a-commit')
const PORTS = { clock: systemClock, random: systemRandom }

/** Answers of reads wait until they are let go. */
class HeldDatabase extends PgDatabase {
  #release: () => void = () => {}
  #gate: Promise<void> = Promise.resolve()
  /** Answers that wait. */
  waiting = 0

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  release(): void {
    this.#release()
  }

  override async read<R extends object>(...asked: Parameters<PgDatabase['read']>): Promise<readonly R[]> {
    const gate = this.#gate
    const rows = await super.read<R>(...asked)
    this.waiting += 1
    await gate
    this.waiting -= 1
    return rows
  }
}

/** What streams over the tenant would see; `void` ends them. */
function follow(store: TenantStore, seen: string[]): StoreFollower {
  return new StoreFollower({
    store,
    types: ['Mesh'],
    onRead: ({ resources }) => seen.push(`read ${resources.map(({ name }) => name).join(',')}`),
    onCommit: ({ changes }) => seen.push(`commit ${changes.map(({ key }) => key.name).join(',')}`),
    onVoid: () => seen.push('void'),
    onFailed: ({ message }) => seen.push(message),
    ...PORTS,
  })
}

describePostgres('the first commit of a tenant', (subject) => {
  let database: TestDatabase
  let stores: PgStore[] = []
  let held: HeldDatabase | undefined

  beforeEach(async () => {
    database = await subject.database()
  })
  afterEach(async () => {
    for (const store of stores) await store.close()
    await held?.close()
    stores = []
    held = undefined
  })

  test('continues what was read before it at another instance', async () => {
    const [one, other] = [0, 1].map(() => openPostgresStore({ url: database.appUrl, ...PORTS }))
    stores = [await (one as Promise<PgStore>), await (other as Promise<PgStore>)]
    const seen: string[][] = [[], []]
    const followers = stores.map((store, index) => follow(store.tenant(TENANT), seen[index] as string[]))
    for (const follower of followers) await follower.start()
    for (const name of ['a', 'b']) await stores[0]?.tenant(TENANT).commit([put(draft('Mesh', name))])
    await eventually('both have heard', async () =>
      seen.every((lines) => lines.includes('commit b')) ? true : undefined,
    )
    for (const lines of seen) expect(lines).toEqual(['read ', 'commit a', 'commit b'])
    for (const follower of followers) follower.stop()
  })

  test('is no deletion to a read that was on its way', async () => {
    held = new HeldDatabase({ url: database.appUrl, instance: 'held' })
    const nothing = () => {}
    const ports = { ...PORTS, log: silentLogger, metrics: noMetrics }
    const store = new PgTenantStore({
      ...{ tenant: TENANT, database: held, checkOpen: nothing, onWatched: nothing, onChanged: nothing },
      ...ports,
    })
    const seen: string[] = []
    const follower = follow(store, seen)
    await follower.start()
    held.hold()
    const reading = store.list('Mesh')
    const looking = store.head()
    await eventually('both have seen no row', async () => (held?.waiting === 2 ? true : undefined))
    await store.commit([put(draft('Mesh', 'a'))])
    held.release()
    expect((await reading).resources.map(({ name }) => name)).toEqual(['a'])
    expect((await looking).revision).toBe(1)
    await store.commit([put(draft('Mesh', 'b'))])
    expect(seen).toEqual(['read ', 'commit a', 'commit b'])
    follower.stop()
    await store.drained()
  })
})
