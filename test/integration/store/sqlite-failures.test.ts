import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { AppError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { SqlRunner } from '../../../src/store/sql/requests.js'
import { SqlEngine } from '../../../src/store/sql/sql-engine.js'
import { SqlStore } from '../../../src/store/sql/sql-store.js'
import { closeDatabase, openDatabase } from '../../../src/store/sql/sqlite.js'
import type { Commit } from '../../../src/store/store.js'
import { draft, put } from '../../support/resource-builder.js'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-failures-'))
  path = join(folder, 'store.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A store over a real file whose connection the test can make fail. */
function storeOver(db: Database) {
  const engine = new SqlEngine(db)
  const runner: SqlRunner = {
    write: async (group) => engine.write(group),
    read: async (request) => engine.read(request),
    close: async () => closeDatabase(db),
  }
  const fatal: AppError[] = []
  const ports = { clock: systemClock, random: seededRandom(1) }
  return { engine, store: new SqlStore(runner, { ...ports, onFatal: (error) => fatal.push(error) }), fatal }
}

const bulky = (name: string) => put(draft('Mesh', name, { spec: { body: 'x'.repeat(20_000) } }))

test('a full disk refuses writes and loses nothing; reads go on; freed space is used without a restart', async () => {
  const db = openDatabase(path, 'FULL')
  const { store, fatal } = storeOver(db)
  const tenant = store.tenant(DEFAULT_TENANT)
  await tenant.commit([bulky('before')])
  const watched: Commit[] = []
  tenant.watch((commit) => watched.push(commit))
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`)
  const refused = ['a', 'b', 'c'].map((name) => tenant.commit([bulky(name)]))
  for (const commit of refused) {
    await expect(commit).rejects.toMatchObject({ code: 'store-full', message: expect.stringContaining(path) })
  }
  expect(watched).toEqual([])
  expect((await tenant.list('Mesh')).resources.map(({ name }) => name)).toEqual(['before'])
  db.pragma('max_page_count = 100000')
  expect((await tenant.commit([bulky('after')])).revision).toBe(2)
  expect(fatal).toEqual([])
  await store.close()
})

test('a page damaged under way stops the store: it says so once, and acknowledges nothing more', async () => {
  const filling = storeOver(openDatabase(path, 'FULL'))
  const names = Array.from({ length: 200 }, (_, index) => `m${index}`)
  await filling.store.tenant(DEFAULT_TENANT).commit(names.map(bulky))
  await filling.store.close()
  const { engine, store, fatal } = storeOver(openDatabase(path, 'FULL'))
  const tenant = store.tenant(DEFAULT_TENANT)
  const file = openSync(path, 'r+')
  const pages = statSync(path).size / 4096
  for (let page = 5; page < pages; page += 1) writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, page * 4096)
  closeSync(file)
  await expect(tenant.list('Mesh')).rejects.toMatchObject({ code: 'store-corrupt' })
  expect(fatal.map(({ code }) => code)).toEqual(['store-corrupt'])
  // What had already been sent to the database is not acknowledged either.
  expect(engine.read({ kind: 'tenants' })).toMatchObject({ kind: 'stopped' })
  expect(engine.write([{ kind: 'delete-tenant', tenant: DEFAULT_TENANT, nextEpoch: 'e' }])).toMatchObject([
    { kind: 'stopped' },
  ])
  await expect(tenant.commit([bulky('late')])).rejects.toMatchObject({ code: 'store-corrupt' })
  await expect(tenant.head()).rejects.toMatchObject({ code: 'store-corrupt' })
  expect(fatal).toHaveLength(1)
  await store.close()
})

test('a runner that is gone stops the store, whoever notices first', async () => {
  const gone = async () => {
    throw new AppError('unavailable', 'the thread has ended')
  }
  for (const use of ['read', 'write'] as const) {
    const fatal: string[] = []
    const store = new SqlStore(
      { write: gone, read: gone, close: async () => {} },
      { clock: systemClock, random: seededRandom(1), onFatal: ({ message }) => fatal.push(message) },
    )
    const tenant = store.tenant(DEFAULT_TENANT)
    const first = use === 'read' ? tenant.head() : tenant.commit([bulky('x')])
    await expect(first).rejects.toMatchObject({ code: 'unavailable' })
    await expect(tenant.head()).rejects.toMatchObject({ code: 'unavailable' })
    expect(fatal).toEqual(['the thread has ended'])
    await store.close()
  }
})

test('a commit that SQLite itself refuses does not take its group along', async () => {
  const { store } = storeOver(openDatabase(path, 'FULL'))
  const tenant = store.tenant(DEFAULT_TENANT)
  const unbindable = { ...draft('Mesh', 'bad'), spec: { no: 'text' } as never }
  const group = [
    tenant.commit([bulky('first')]),
    tenant.commit([bulky('with-bad'), { kind: 'put', resource: unbindable, expect: 'any' }]),
    tenant.commit([bulky('last')]),
  ]
  const settled = await Promise.allSettled(group)
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const { head, resources } = await tenant.list('Mesh')
  expect(resources.map(({ name }) => name)).toEqual(['first', 'last'])
  expect(head.revision).toBe(2)
  await store.close()
})
