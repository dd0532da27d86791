import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { canonicalJson } from '../../../src/model/json.js'
import { openRecords } from '../../../src/store/open-records.js'
import { openSqliteStore } from '../../../src/store/sql/sql-store.js'
import { recordsContract } from '../../contract/records-contract.js'
import { FakeClock } from '../../support/fake-clock.js'

const folder = mkdtempSync(join(tmpdir(), 'zonelab-records-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const ports = { clock: new FakeClock(), random: seededRandom(1) }
const freshFile = () => {
  files += 1
  return join(folder, `${files}.db`)
}

recordsContract('the SQLite records', () => openRecords(freshFile(), ports))
recordsContract('the SQLite records without a file', () => openRecords('memory', ports))

const team = { kind: 'team', id: 't1', parent: undefined, name: 'blue', digest: undefined, body: canonicalJson({}) }

test('records outlive the process that wrote them, in a file for its owner alone', async () => {
  const path = freshFile()
  const first = await openRecords(path, ports)
  await first.organization('acme').commit([{ kind: 'create', record: team }])
  await first.close()
  const second = await openRecords(path, ports)
  expect(await second.organization('acme').get('team', 't1')).toMatchObject({ name: 'blue' })
  await second.close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('not even SQL on the file changes what the journal says', async () => {
  const path = freshFile()
  const store = await openRecords(path, ports)
  await store.organization('acme').commit([{ kind: 'append', entry: canonicalJson({ action: 'issue' }) }])
  await store.close()
  const db = new Database(path)
  expect(() => db.exec('DELETE FROM journal')).toThrow('the journal can only be appended to')
  expect(() => db.exec("UPDATE journal SET entry = '{}'")).toThrow('the journal can only be appended to')
  db.close()
})

test("a global's database is no manager's, nor the other way round", async () => {
  const path = freshFile()
  await (await openSqliteStore({ ...ports, path, threading: 'in-thread' })).close()
  await expect(openRecords(path, ports)).rejects.toMatchObject({ code: 'invalid-argument' })
})
