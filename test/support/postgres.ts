import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { ensureAppRole, migrateUp } from '../../src/store/postgres/migrate.js'
import { hasPostgres, postgresServer } from './postgres-server.js'

/** One database of a test file, migrated, with its owner and the role of the processes. */
export interface TestDatabase {
  readonly superUrl: string
  readonly ownerUrl: string
  readonly appUrl: string
  readonly appRole: string
}

/** What a file needs of a PostgreSQL server. */
export class PostgresSubject {
  readonly #databases: { readonly name: string; readonly roles: readonly string[] }[] = []
  #server: string | undefined

  async start(): Promise<void> {
    this.#server = await postgresServer({ folder: inject('postgresFolder') })
    if (this.#server === undefined) throw new Error(NOT_RUN)
  }

  /** An empty database with two roles of its own; `migrated: false` leaves it so. */
  async database({ migrated = true } = {}): Promise<TestDatabase> {
    const name = `zl_${randomBytes(6).toString('hex')}`
    const [owner, password] = [`${name}_owner`, randomBytes(18).toString('base64url')]
    await this.run(`CREATE ROLE ${owner} LOGIN NOSUPERUSER CREATEROLE PASSWORD '${password}'`)
    await this.run(`CREATE DATABASE ${name} OWNER ${owner}`)
    const appRole = `${name}_app`
    this.#databases.push({ name, roles: [appRole, owner] })
    const ownerUrl = this.#url(owner, password, name)
    await ensureAppRole(ownerUrl, password)
    if (migrated) await migrateUp(ownerUrl, appRole)
    const superUrl = this.#url(undefined, undefined, name)
    return { superUrl, ownerUrl, appRole, appUrl: this.#url(appRole, password, name) }
  }

  /** As the superuser, in the database named by `url` or the server's own. */
  async run(sql: string, url: string = this.#url(undefined, undefined, undefined)): Promise<pg.QueryResultRow[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(sql)).rows ?? []
    } finally {
      await client.end()
    }
  }

  /** Takes every record of every organisation away; the journal's own trigger would refuse it. */
  async emptyRecords({ superUrl }: TestDatabase): Promise<void> {
    const tables = ['record', 'credential', 'journal', 'record_head', 'organisation']
    const deletions = tables.map((table) => `DELETE FROM zonelab.${table};`).join(' ')
    await this.run(`SET session_replication_role = replica; ${deletions}`, superUrl)
  }

  /** A server of our own goes as a whole, which is quicker. */
  async stop(): Promise<void> {
    if (!process.env.ZONELAB_TEST_PG) return
    for (const { name, roles } of this.#databases) {
      for (const { datname } of await this.run(`SELECT datname FROM pg_database WHERE datname LIKE '${name}%'`)) {
        await this.run(`DROP DATABASE ${datname} WITH (FORCE)`)
        await this.run(`DROP ROLE IF EXISTS ${datname}_app`)
      }
      for (const role of roles) await this.run(`DROP ROLE IF EXISTS ${role}`)
    }
  }

  #url(user: string | undefined, password: string | undefined, database: string | undefined): string {
    if (this.#server === undefined) throw new Error('the server was not started')
    const [, credentials = '', host = '', path = '', query = ''] =
      /^postgres(?:ql)?:\/\/(?:([^@/]*)@)?([^/?]*)([^?]*)(.*)$/.exec(this.#server) ?? []
    const who = user === undefined ? credentials : `${user}:${password}`
    return `postgres://${who}@${host}${database === undefined ? path : `/${database}`}${query}`
  }
}

const NOT_RUN =
  'no PostgreSQL: set ZONELAB_TEST_PG=postgres://… (a superuser), or install the system package "postgresql"'

/**
 * A suite over a real PostgreSQL server. Without one it says that it was not run, and in continuous integration
 * (`CI=true`) it fails.
 */
export function describePostgres(name: string, suite: (subject: PostgresSubject) => void): void {
  describe(name, () => {
    if (!hasPostgres()) {
      test('needs PostgreSQL', () => {
        if (process.env.CI === 'true') throw new Error(NOT_RUN)
        console.log(`${name}: not run, ${NOT_RUN}`)
      })
      return
    }
    const subject = new PostgresSubject()
    beforeAll(() => subject.start())
    afterAll(() => subject.stop())
    suite(subject)
  })
}
