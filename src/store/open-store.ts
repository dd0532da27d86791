import { MemoryStore } from './memory-store.js'
import { openSqliteStore, type SqliteStoreOptions } from './sql/sql-store.js'
import type { ResourceStore } from './store.js'
import { isPostgresUrl } from './store-place.js'

export interface OpenStoreOptions extends Omit<SqliteStoreOptions, 'path'> {
  readonly connectionsMax?: number
  readonly instance?: string
}

/** `memory`, the path of a SQLite file or a Postgres URL. Rejects as `openSqliteStore` and `openPostgresStore` do. */
export async function openStore(where: string, options: OpenStoreOptions): Promise<ResourceStore> {
  if (where === 'memory') return new MemoryStore(options)
  if (!isPostgresUrl(where)) return openSqliteStore({ ...options, path: where })
  const { openPostgresStore } = await import('./postgres/pg-store.js')
  return openPostgresStore({ ...options, url: where })
}
