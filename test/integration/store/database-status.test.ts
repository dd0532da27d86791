import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { databaseStatus } from '../../../src/store/sql/database-status.js'
import { RECORDS_SCHEMA } from '../../../src/store/sql/records-schema.js'
import { MIGRATIONS, migrate } from '../../../src/store/sql/schema.js'

let folder: string
let path: string
let db: Database.Database
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-status-'))
  path = join(folder, 'global.db')
  db = new Database(path)
  migrate(db)
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

test('the version of a database that nobody uses is told', () => {
  expect(databaseStatus(path)).toEqual({ path, version: MIGRATIONS.length, newest: MIGRATIONS.length })
})

test('a database that a control plane holds is not called unreadable', () => {
  db.pragma('locking_mode = EXCLUSIVE')
  db.exec('BEGIN EXCLUSIVE; COMMIT')
  expect(() => databaseStatus(path)).toThrow(expect.objectContaining({ code: 'store-locked' }))
})

test("a control-plane manager's database is known by its own schema", () => {
  const records = join(folder, 'platform.db')
  const manager = new Database(records)
  migrate(manager, RECORDS_SCHEMA)
  manager.close()
  const newest = RECORDS_SCHEMA.migrations.length
  expect(databaseStatus(records)).toEqual({ path: records, version: newest, newest })
})

test("another program's database is not called one that the next start brings up to date", () => {
  const theirs = join(folder, 'theirs.db')
  const other = new Database(theirs)
  other.exec('CREATE TABLE t (x)')
  other.close()
  expect(() => databaseStatus(theirs)).toThrow("is another program's database")
})
