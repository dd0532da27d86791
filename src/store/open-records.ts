import type { PgRecordsOptions } from './postgres/pg-records.js'
import type { RecordStore } from './records.js'
import { MEMORY_PATH } from './sql/sqlite.js'
import { openSqliteRecords } from './sql/sqlite-records.js'
import { isPostgresUrl } from './store-place.js'

/** `memory`, the path of a SQLite file or a Postgres URL. Rejects as `openSqliteRecords` throws and as `openPostgresRecords`. */
export async function openRecords(where: string, options: Omit<PgRecordsOptions, 'url'>): Promise<RecordStore> {
  if (!isPostgresUrl(where)) return openSqliteRecords({ ...options, path: where === 'memory' ? MEMORY_PATH : where })
  const { openPostgresRecords } = await import('./postgres/pg-records.js')
  return openPostgresRecords({ ...options, url: where })
}
