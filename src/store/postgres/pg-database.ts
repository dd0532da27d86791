import pg from 'pg'
import { AppError } from '../../base/errors.js'
import type { TenantId } from '../../model/tenant.js'
import { pgFailure } from './pg-error.js'

export interface PgDatabaseOptions {
  /** `postgres://user:password@host:port/database`; what it leaves out comes from PGPASSWORD and its like. */
  readonly url: string
  /** Of this process, by which the others know that it is there. */
  readonly instance: string
  /** Connections for reads and writes; one more hears notifications. */
  readonly connectionsMax?: number
}

/** What runs statements: a connection, or one that a test has put in its place. */
export interface Connection {
  query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<R>>
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Whose rows a transaction sees and writes. */
export interface Scope {
  readonly setting: 'app.tenant_id' | 'app.organisation_id'
  readonly value: string
}

export function ofTenant(tenant: TenantId): Scope {
  return { setting: 'app.tenant_id', value: tenant }
}

export function ofOrganization(organization: string): Scope {
  return { setting: 'app.organisation_id', value: organization }
}

/** A statement that takes longer has met a lock or a plan that no one waits for. */
const STATEMENT_MS = 15_000
/** Of this process's own transactions each takes milliseconds: a longer wait is for somebody who hangs. */
const LOCK_MS = 10_000
const IDLE_IN_TRANSACTION_MS = 30_000
/** The session that hears notifications is idle; when it does not answer it is dead, and another is made. */
const SESSION_MS = 5_000
/** How long a request waits for a connection before it is answered 503. */
const CONNECT_MS = 5_000
/** Connections are renewed, so that a balancer or a failover behind one name takes effect. */
const LIFETIME_S = 1_800
const CONNECTIONS_MAX = 10

/** The connections to one database. Nothing outside this folder knows the driver. */
export class PgDatabase {
  /** `host/database`, for messages: never the password. */
  readonly name: string
  readonly connectionsMax: number
  readonly #config: pg.ClientConfig
  readonly #pool: pg.Pool
  readonly #session: string

  constructor({ url, instance, connectionsMax = CONNECTIONS_MAX }: PgDatabaseOptions) {
    this.#session = applicationName(instance)
    this.name = describeUrl(url)
    this.connectionsMax = connectionsMax
    this.#config = {
      connectionString: url,
      application_name: 'zonelab',
      // Statements that are ready together travel together: a commit is two round trips, a read is one.
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      lock_timeout: LOCK_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      query_timeout: STATEMENT_MS + CONNECT_MS,
      // Every statement is a look-up of a few keys; a guess that they are many would read a whole tenant instead.
      options: '-c enable_hashjoin=off -c enable_mergejoin=off',
    }
    this.#pool = new pg.Pool({
      ...this.#config,
      max: connectionsMax,
      maxLifetimeSeconds: LIFETIME_S,
      idleTimeoutMillis: 60_000,
    })
    // A connection that dies while nobody uses it is made again; one in use tells by the answer that does not come.
    // Unheard, either would end the process.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  /** One transaction, one round trip: the answer of `statement`, seen in that scope. Throws AppError. */
  read<R extends pg.QueryResultRow>(scope: Scope, statement: Statement): Promise<readonly R[]> {
    return this.look(set(scope), statement)
  }

  /** One transaction that reads, one round trip: the answer of the last statement. Throws AppError. */
  async look<R extends pg.QueryResultRow>(...looks: readonly [...Statement[], Statement]): Promise<readonly R[]> {
    const statements = [{ text: 'BEGIN READ ONLY', values: [] }, ...looks, { text: 'COMMIT', values: [] }]
    const answers = await this.#asking((connection) =>
      Promise.all(statements.map(({ text, values }) => connection.query<R>(text, values))),
    )
    return answers.at(-2)?.rows ?? []
  }

  /** One statement in that scope that changes something. Throws AppError. */
  async run(scope: Scope, statement: Statement): Promise<void> {
    try {
      await this.write(scope, (transaction) => transaction.commit(statement))
    } catch (thrown) {
      throw pgFailure(thrown, this.name).error
    }
  }

  /** One statement about nobody's rows. Throws AppError. */
  async ask<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly R[]> {
    return (await this.#asking((connection) => connection.query<R>(text, values))).rows
  }

  /**
   * A transaction in that scope, from its begin on; `work` ends it with `commit` or lets it go. Throws what the driver
   * throws, for the caller to judge by `pgFailure`.
   */
  write<T>(scope: Scope, work: (transaction: WriteTransaction) => Promise<T>): Promise<T> {
    return this.#using(async (connection) => {
      const transaction = new WriteTransaction(connection, scope)
      const result = await work(transaction)
      await transaction.end()
      return result
    })
  }

  /** A connection of one's own, for LISTEN and session locks. Throws AppError. */
  async dedicated(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.#config, application_name: this.#session, query_timeout: SESSION_MS })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (thrown) {
      throw pgFailure(thrown, this.name).error
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  /** What changes nothing is asked again when its connection turns out to be dead: after a failover every idle one is. */
  async #asking<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let triesLeft = this.connectionsMax; ; triesLeft -= 1) {
      try {
        return await this.#using(work)
      } catch (thrown) {
        const { kind, error } = pgFailure(thrown, this.name)
        if (kind !== 'dead' || triesLeft === 0) throw error
      }
    }
  }

  /** A connection on which anything failed is not used again: nobody knows what it is in the middle of. */
  async #using<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((thrown) => {
      // An AppError: whoever waits for a connection in vain has asked for nothing yet.
      throw pgFailure(thrown, this.name).error
    })
    try {
      const result = await work(client as Connection)
      client.release()
      return result
    } catch (thrown) {
      client.release(true)
      throw thrown
    }
  }
}

/** Transaction-local, so that the next user of the connection is nobody until he says who he is (auth.md §3.2, 6 to 8). */
function set({ setting, value }: Scope): Statement {
  return { text: `SELECT set_config('${setting}', $1, true)`, values: [value] }
}

/** A transaction that has begun, in one scope. */
export class WriteTransaction {
  readonly #connection: Connection
  readonly #begun: Promise<unknown>
  #over = false

  constructor(connection: Connection, scope: Scope) {
    this.#connection = connection
    const { text, values } = set(scope)
    this.#begun = Promise.all([connection.query('BEGIN'), connection.query(text, values)])
    // Reported by the first statement after it.
    this.#begun.catch(() => {})
  }

  /** Travels with whatever else is asked before the next wait. */
  async query<R extends pg.QueryResultRow>({ text, values }: Statement): Promise<readonly R[]> {
    const [result] = await Promise.all([this.#connection.query<R>(text, values), this.#begun])
    return result.rows
  }

  /** The last statements and the COMMIT, in one round trip. */
  async commit(...statements: readonly Statement[]): Promise<void> {
    this.#over = true
    const last = statements.map(({ text, values }) => this.#connection.query(text, values))
    const ended = (await Promise.all([...last, this.#connection.query('COMMIT')])).at(-1)
    if (ended?.command !== 'COMMIT')
      throw new AppError('internal', `the database answered COMMIT with ${ended?.command}`)
  }

  async end(): Promise<void> {
    if (!this.#over) await this.#connection.query('ROLLBACK')
  }
}

/** Under which a process's session is known to the others: the end of its instance id, which tells it from its like. */
export function applicationName(instance: string): string {
  return `zonelab ${instance.slice(-APPLICATION_NAME_MAX)}`
}

/** PostgreSQL cuts names off at 63 bytes. */
const APPLICATION_NAME_MAX = 50

/** A database's address without its password, for messages and for what is shown. */
export function describeUrl(url: string): string {
  const [, authority = '', path = '', query = ''] =
    /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/?]*)([^?]*)(.*)$/.exec(url) ?? []
  const socket = new URLSearchParams(query).get('host')
  return `${socket ?? authority}${path}`
}
