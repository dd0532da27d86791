import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { APPLICATION_ID, MIGRATIONS, migrate, RESOURCE_SCHEMA } from '../../../src/store/sql/schema.js'
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sql/sql-store.js'
import { closeDatabase, openDatabase } from '../../../src/store/sql/sqlite.js'
import { draft, put } from '../../support/resource-builder.js'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-open-'))
  path = join(folder, 'data', 'store.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (options: Partial<SqliteStoreOptions> = {}) =>
  openSqliteStore({ path, clock: systemClock, random: seededRandom(1), threading: 'in-thread', ...options })

async function filledStore(): Promise<void> {
  const store = await open()
  const spec = { body: 'x'.repeat(3_000) }
  await store.tenant(DEFAULT_TENANT).commit(Array.from({ length: 50 }, (_, i) => put(draft('Mesh', `m${i}`, { spec }))))
  await store.close()
}

/** A digest of the database and of its log; looking at a file may make an empty log. */
function contents(): unknown {
  return [path, `${path}-wal`].map((file) => {
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
    return [bytes.length, createHash('sha256').update(bytes).digest('hex')]
  })
}

describe('opening again', () => {
  test.each(['worker', 'in-thread'] as const)('finds everything as it was: %s', async (threading) => {
    const store = await open({ threading })
    const tenant = store.tenant(DEFAULT_TENANT)
    const mesh = draft('Mesh', 'm', { labels: { a: 'b' } })
    const owned = draft('MeshService', 'o', { owner: mesh, status: { x: 1 }, syncedVersion: 'v', spec: { ports: [] } })
    await tenant.commit([put(mesh), put(owned)])
    await tenant.commit([put(draft('Mesh', 'later'))])
    const types = ['Mesh', 'MeshService'] as const
    const before = await tenant.listAll(types)
    await store.close()
    const again = await open({ threading, random: seededRandom(2) })
    const tenantAgain = again.tenant(DEFAULT_TENANT)
    expect(await tenantAgain.listAll(types)).toEqual(before)
    expect(await tenantAgain.changesSince(before.head.epoch, 1)).toMatchObject({ keys: [{ name: 'later' }] })
    expect(await again.tenants()).toEqual([DEFAULT_TENANT])
    await again.close()
  })

  test('the files are for the owner alone, an old one included', async () => {
    await filledStore()
    chmodSync(path, 0o644)
    const store = await open()
    await store.tenant(DEFAULT_TENANT).commit([put(draft('Mesh', 'more'))])
    const modes = readdirSync(join(path, '..')).map((name) => [name, statSync(join(path, '..', name)).mode & 0o777])
    expect(Object.fromEntries(modes)).toEqual({ 'store.db': 0o600, 'store.db-wal': 0o600, 'store.db.pid': 0o600 })
    await store.close()
    expect(readdirSync(join(path, '..'))).toEqual(['store.db'])
  })

  test.each([
    ['FULL', 2],
    ['NORMAL', 1],
  ] as const)(
    'synchronous=%s holds after the first statements, and no schema function is trusted',
    (synchronous, level) => {
      const db = openDatabase(path, synchronous)
      db.exec('CREATE TABLE probe (x); INSERT INTO probe VALUES (1)')
      const read = (name: string) => db.pragma(name, { simple: true })
      expect([read('synchronous'), read('journal_mode'), read('trusted_schema')]).toEqual([level, 'wal', 0])
      expect([read('cell_size_check'), read('mmap_size'), read('journal_size_limit')]).toEqual([1, 0, 16 * 2 ** 20])
      closeDatabase(db)
    },
  )
})

describe('a file that is not ours to open', () => {
  test('what is no database is refused with what to do, and left as it is', async () => {
    await filledStore()
    writeFileSync(path, 'precious notes, not a database. '.repeat(200))
    const before = contents()
    for (const threading of ['worker', 'in-thread'] as const) {
      await expect(open({ threading })).rejects.toMatchObject({
        code: 'store-corrupt',
        message: expect.stringMatching(`${path} is damaged .* left as it is: move .* aside .* restore a backup`),
      })
    }
    expect(contents()).toEqual(before)
  })

  test('a damaged page is found before anything is written', async () => {
    await filledStore()
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 4096 * 9, 4096 * 10)
    writeFileSync(path, bytes)
    const before = contents()
    await expect(open()).rejects.toMatchObject({ code: 'store-corrupt' })
    expect(contents()).toEqual(before)
  })

  test('an empty file beside a log is a loss, not a new store; an empty file alone is a new store', async () => {
    await filledStore()
    writeFileSync(path, '')
    writeFileSync(`${path}-wal`, 'the log of what was there')
    const before = contents()
    await expect(open()).rejects.toMatchObject({ code: 'store-corrupt' })
    expect(contents()).toEqual(before)
    rmSync(`${path}-wal`)
    await (await open()).close()
  })

  test('a database of another program is refused', async () => {
    await filledStore()
    rmSync(path)
    const other = new Database(path)
    other.exec('CREATE TABLE photos (id INTEGER)')
    other.close()
    const before = contents()
    await expect(open()).rejects.toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(path) })
    expect(contents()).toEqual(before)
  })

  test('a place where no file can be is refused as that', async () => {
    await filledStore()
    const folderPath = join(path, '..')
    for (const where of [folderPath, join(path, 'below-a-file.db')]) {
      await expect(open({ path: where })).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringMatching(`${where} cannot be opened .* check the path`),
      })
    }
  })

  test('a newer schema is refused, naming both versions', async () => {
    await filledStore()
    const newer = openDatabase(path, 'FULL')
    newer.pragma(`user_version = ${MIGRATIONS.length + 1}`)
    // As after a crash: the change is in the log, and opening for writing would move it into the database.
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, `${path}.crashed${suffix}`)
    closeDatabase(newer)
    path = `${path}.crashed`
    const before = contents()
    await expect(open()).rejects.toMatchObject({
      code: 'store-newer',
      message: expect.stringContaining(
        `schema ${MIGRATIONS.length + 1}, this zonelab knows up to ${MIGRATIONS.length}`,
      ),
    })
    expect(contents()).toEqual(before)
  })
})

describe('the lock', () => {
  test('a second opening is refused and names the process, until the first closes', async () => {
    const store = await open()
    for (const threading of ['worker', 'in-thread'] as const) {
      await expect(open({ threading })).rejects.toMatchObject({
        code: 'store-locked',
        message: expect.stringContaining(`in use by process ${process.pid}`),
      })
    }
    await store.tenant(DEFAULT_TENANT).commit([put(draft('Mesh', 'still-works'))])
    await store.close()
    await (await open()).close()
  })

  test('a live process keeps it, a dead one does not, however it died', async () => {
    await filledStore()
    const sqlite = import.meta.resolve('better-sqlite3')
    const holder = `const { default: Database } = await import(${JSON.stringify(sqlite)})
      const db = new Database(${JSON.stringify(path)})
      db.pragma('locking_mode = EXCLUSIVE'); db.exec('BEGIN EXCLUSIVE; COMMIT')
      console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', holder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    writeFileSync(`${path}.pid`, `${child.pid}\n`)
    await expect(open()).rejects.toMatchObject({
      code: 'store-locked',
      message: expect.stringContaining(`process ${child.pid}:`),
    })
    child.kill('SIGKILL')
    await once(child, 'close')
    await (await open()).close()
  })
})

describe('migrations', () => {
  test('one that breaks off leaves the schema and the data as they were', async () => {
    await filledStore()
    const db = openDatabase(path, 'FULL')
    const broken = [...MIGRATIONS, 'CREATE TABLE extra (x); DELETE FROM resource; SELECT nonsense()']
    expect(() => migrate(db, { ...RESOURCE_SCHEMA, migrations: broken })).toThrow('nonsense')
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
    expect(db.prepare('SELECT count(*) FROM resource').pluck().get()).toBe(50)
    migrate(db, { ...RESOURCE_SCHEMA, migrations: [...MIGRATIONS, 'CREATE TABLE extra (x)'] })
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length + 1)
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID)
    closeDatabase(db)
  })
})
