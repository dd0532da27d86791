import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { ensureAppRole, migrateUp } from '../../../src/store/postgres/migrate.js'
import { endPostgresServer, makeServerFolder, postgresServer } from '../../support/postgres-server.js'

export interface BenchDatabase {
  /** For the role of the processes. */
  readonly url: string
  end(): void
}

/** A server of our own with one migrated database; undefined where PostgreSQL is not installed. */
export async function benchDatabase(): Promise<BenchDatabase | undefined> {
  const folder = makeServerFolder()
  const server = await postgresServer({ folder })
  if (server === undefined) return undefined
  const [owner, name, password] = ['bench_owner', 'bench', randomBytes(18).toString('base64url')]
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`CREATE ROLE ${owner} LOGIN NOSUPERUSER CREATEROLE PASSWORD '${password}'`)
  await client.query(`CREATE DATABASE ${name} OWNER ${owner}`)
  await client.end()
  const urlOf = (user: string) => `postgres://${user}:${password}@/${name}?host=${encodeURIComponent(folder)}`
  const app = `${name}_app`
  await ensureAppRole(urlOf(owner), password)
  await migrateUp(urlOf(owner), app)
  return { url: urlOf(app), end: () => endPostgresServer(folder) }
}
