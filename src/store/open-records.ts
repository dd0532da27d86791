import type { RecordStore } from './records.js'
import { MEMORY_PATH } from './sql/sqlite.js'
import { openSqliteRecords, type SqliteRecordsOptions } from './sql/sqlite-records.js'

/** `memory`, or the path of a SQLite file. Rejects as `openSqliteRecords` throws. */
export async function openRecords(where: string, options: Omit<SqliteRecordsOptions, 'path'>): Promise<RecordStore> {
  return openSqliteRecords({ ...options, path: where === 'memory' ? MEMORY_PATH : where })
}
