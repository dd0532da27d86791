import pg from 'pg'
import { AppError } from '../../base/errors.js'
import { describeUrl } from './pg-database.js'
import { pgFailure } from './pg-error.js'
import { grantsTo, MIGRATIONS } from './schema.js'

export interface MigrationStatus {
  readonly database: string
  /** 0 before the first migration. */
  readonly version: number
  readonly newest: number
}

/** Says `zonelab` to others that migrate the same database: they wait for one another. */
const MIGRATION_LOCK = 0x7a6c6162

/**
 * Brings the schema to the newest version in one transaction, as its owner, and grants `appRole` what the processes
 * need. Several that run at once wait for one another; all but the first find nothing to do.
 */
export async function migrateUp(ownerUrl: string, appRole: string): Promise<MigrationStatus> {
  return asOwner(ownerUrl, async (client) => {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    await client.query('CREATE SCHEMA IF NOT EXISTS zonelab')
    await client.query(
      'CREATE TABLE IF NOT EXISTS zonelab.migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL)',
    )
    const version = await versionOf(client)
    refuseNewer(version, ownerUrl)
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < version) continue
      await client.query(sql)
      await client.query('INSERT INTO zonelab.migration (version, applied_at) VALUES ($1, now())', [index + 1])
    }
    await client.query(grantsTo(pg.escapeIdentifier(appRole)))
    await client.query('COMMIT')
    return { database: describeUrl(ownerUrl), version: MIGRATIONS.length, newest: MIGRATIONS.length }
  })
}

/** Looks without changing anything. */
export async function migrationStatus(url: string): Promise<MigrationStatus> {
  return asOwner(url, async (client) => {
    const known = await client.query("SELECT to_regclass('zonelab.migration') IS NOT NULL AS there")
    const version = known.rows[0]?.there === true ? await versionOf(client) : 0
    return { database: describeUrl(url), version, newest: MIGRATIONS.length }
  })
}

/** Makes the database that the URL names if it is not there. Throws `invalid-argument` when the URL's role may not. */
export async function ensureDatabase(url: string): Promise<void> {
  const client = clientOf(url)
  try {
    await client.connect()
  } catch (thrown) {
    if (!(thrown instanceof pg.DatabaseError) || thrown.code !== NO_SUCH_DATABASE) throw failure(thrown, url)
    await createDatabase(url, client.database ?? '')
  } finally {
    await client.end().catch(() => {})
  }
}

const NO_SUCH_DATABASE = '3D000'
const MADE_MEANWHILE = '42P04'

/** Over the database that every server has. */
async function createDatabase(url: string, name: string): Promise<void> {
  await asOwner(url.replace(/^(postgres(?:ql)?:\/\/[^/?]*)[^?]*/, '$1/postgres'), async (client) => {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`).catch((cause) => {
      if (cause.code === MADE_MEANWHILE) return
      const text = `there is no database ${describeUrl(url)}, and it could not be made (${cause.message}): make it, or give the URL of somebody who may`
      throw new AppError('invalid-argument', text, { cause })
    })
  })
}

/**
 * Makes the role of the processes, or gives it its new password: for a lab, whose owner is somebody who may make roles.
 * Returns its name, which belongs to the database, as roles are shared by all databases of a server.
 */
export async function ensureAppRole(ownerUrl: string, password: string): Promise<string> {
  return asOwner(ownerUrl, async (client) => {
    const { rows } = await client.query<{ role: string; there: boolean }>(
      `SELECT current_database() || '_app' AS role,
        EXISTS (SELECT FROM pg_roles WHERE rolname = current_database() || '_app') AS there`,
    )
    const role = rows[0]?.role ?? ''
    const [name, secret] = [pg.escapeIdentifier(role), pg.escapeLiteral(password)]
    // What may not be changed by less than a superuser is not named for one that is there; the start checks it.
    const statement = rows[0]?.there
      ? `ALTER ROLE ${name} LOGIN PASSWORD ${secret}`
      : `CREATE ROLE ${name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD ${secret}`
    await client.query(statement).catch((cause) => {
      const text = `a role for the processes could not be made in ${describeUrl(ownerUrl)} (${cause.message}): give the URL of a superuser or of a role with CREATEROLE, or prepare the database as docs/postgres.md says and give the URL of the role made there`
      throw new AppError('invalid-argument', text, { cause })
    })
    return role
  })
}

/** Whether the URL is of a role that processes may run as: the schema is there, and is not its own. */
export async function isAppRole(url: string): Promise<boolean> {
  return asOwner(url, async (client) => {
    const { rows } = await client.query(
      `SELECT nspowner IS NOT NULL AND NOT pg_has_role(nspowner, 'USAGE') AS app
        FROM (SELECT 1) AS one LEFT JOIN pg_namespace ON nspname = 'zonelab'`,
    )
    return rows[0]?.app === true
  })
}

async function versionOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query('SELECT coalesce(max(version), 0) AS version FROM zonelab.migration')
  return Number(rows[0]?.version)
}

function refuseNewer(version: number, url: string): void {
  if (version <= MIGRATIONS.length) return
  const known = `it has schema ${version}, this zonelab knows up to ${MIGRATIONS.length}`
  throw new AppError(
    'store-newer',
    `the database ${describeUrl(url)} was migrated by a newer zonelab (${known}): upgrade zonelab`,
  )
}

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = clientOf(url)
  try {
    await client.connect()
    return await work(client)
  } catch (thrown) {
    throw failure(thrown, url)
  } finally {
    await client.end().catch(() => {})
  }
}

function clientOf(url: string): pg.Client {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'zonelab' })
  client.on('error', () => {})
  return client
}

function failure(thrown: unknown, url: string): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof pg.DatabaseError && thrown.code?.startsWith(NOT_LET_IN)) {
    const text = `the database ${describeUrl(url)} does not let the role in (${thrown.message}): check the URL and its password`
    return new AppError('invalid-argument', text, { cause: thrown })
  }
  return pgFailure(thrown, describeUrl(url)).error
}

/** SQLSTATE class of roles that do not exist and passwords that do not fit. */
const NOT_LET_IN = '28'
