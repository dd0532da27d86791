import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteStore } from '../../../src/store/sql/sql-store.js'
import { storeContract } from '../../contract/store-contract.js'

const folder = mkdtempSync(join(tmpdir(), 'zonelab-store-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const freshFile = () => {
  files += 1
  return join(folder, `${files}.db`)
}

storeContract('the SQLite store, in a thread of its own', (ports) =>
  openSqliteStore({ ...ports, path: freshFile(), threading: 'worker' }),
)
storeContract('the SQLite store, in this thread', (ports) =>
  openSqliteStore({ ...ports, path: freshFile(), threading: 'in-thread' }),
)
storeContract('the SQLite store without a file', (ports) =>
  openSqliteStore({ ...ports, path: ':memory:', threading: 'in-thread' }),
)
