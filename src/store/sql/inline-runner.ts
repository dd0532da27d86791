import type { SqlRunner } from './requests.js'
import { SqlEngine } from './sql-engine.js'
import { closeDatabase, openDatabase, type Synchronous } from './sqlite.js'

/** Runs the engine in this thread: no real concurrency, so that a simulation can run the real SQL. */
export async function openInlineRunner(path: string, synchronous: Synchronous): Promise<SqlRunner> {
  const db = openDatabase(path, synchronous)
  const engine = new SqlEngine(db)
  return {
    write: async (group) => engine.write(group),
    read: async (request) => engine.read(request),
    close: async () => closeDatabase(db),
  }
}
