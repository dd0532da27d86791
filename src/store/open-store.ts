import { MemoryStore } from './memory-store.js'
import { openSqliteStore, type SqliteStoreOptions } from './sql/sql-store.js'
import type { ResourceStore } from './store.js'

/** `memory`, or the path of a SQLite file. Rejects as `openSqliteStore` does. */
export function openStore(where: string, options: Omit<SqliteStoreOptions, 'path'>): Promise<ResourceStore> {
  if (where === 'memory') return Promise.resolve(new MemoryStore(options))
  return openSqliteStore({ ...options, path: where })
}

/** What peers are told in `config.store.type`: Kuma knows memory and postgres, and any text is printed as it is. */
export function storeType(where: string): 'memory' | 'sqlite' {
  return where === 'memory' ? 'memory' : 'sqlite'
}
