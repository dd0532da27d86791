import { resolve } from 'node:path'
import { AppError } from '../../base/errors.js'
import { databasesOf, givenUrl, prepareDatabases } from '../../lab/lab-database.js'
import type { LabSpec } from '../../lab/lab-spec.js'
import { readLabState } from '../../lab/lab-state.js'
import type { LabPaths } from '../../lab/paths.js'
import { isPostgresUrl } from '../../store/store-place.js'
import { type Command, type Context, type Flag, type Input, LAB_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { pathsOf } from '../lab-access.js'

const DB_FLAG: Flag = {
  name: 'db',
  value: 'DB',
  doc: "A SQLite file or a Postgres URL, instead of the lab's databases",
}

interface Status {
  readonly name: string
  readonly version: number
  readonly newest: number
}

export const dbMigrateStatus: Command = {
  name: 'db migrate status',
  group: 'Other',
  summary: "Version of a database's schema",
  details:
    'Of the one that is named, else of each that the lab has: its globals and its control-plane manager.\n' +
    'A SQLite file is brought up to date whenever it is opened; a Postgres database by "db migrate up".',
  flags: [DB_FLAG, LAB_FLAG],
  examples: ['zonelab db migrate status', 'zonelab db migrate status --db lab.db'],
  async run(context, input) {
    let newer = false
    for (const database of databasesIn(context, input)) {
      const status = await statusOf(database).catch((thrown: unknown) => inUse(AppError.from(thrown)))
      if (typeof status === 'string') {
        context.io.out(status)
        continue
      }
      context.io.out(describe(status, isPostgresUrl(database)))
      newer ||= status.version > status.newest
    }
    return newer ? EXIT.error : EXIT.ok
  },
}

export const dbMigrateUp: Command = {
  name: 'db migrate up',
  group: 'Other',
  summary: 'Bring the schema of a Postgres database up to date, as its owner',
  details:
    'The URL is that of the role that owns the schema; the processes run with another, which gets no more than they need.\n' +
    'Safe when several run at once. A password may be left out of the URL and given as PGPASSWORD or in ~/.pgpass.',
  flags: [
    DB_FLAG,
    { name: 'app-role', value: 'ROLE', doc: 'Role of the processes', fallback: 'zonelab_app' },
    LAB_FLAG,
  ],
  examples: ['zonelab db migrate up --db postgres://zonelab_owner@db.example/zonelab --app-role zonelab_app'],
  async run(context, input) {
    const given = input.text('db')
    if (given === undefined) {
      if (input.given('app-role')) {
        throw new AppError('invalid-argument', '--app-role goes with --db: the lab makes the role of its own processes')
      }
      const { paths, spec } = labIn(context, input)
      for (const database of databasesOf(paths, spec)) requirePostgres(database)
      await prepareDatabases(paths, spec)
    } else {
      requirePostgres(given)
      const { migrateUp } = await import('../../store/postgres/migrate.js')
      await migrateUp(given, input.text('app-role') ?? 'zonelab_app')
    }
    for (const database of databasesIn(context, input)) context.io.out(describe(await statusOf(database), true))
    return EXIT.ok
  },
}

function requirePostgres(database: string): void {
  if (isPostgresUrl(database)) return
  throw new AppError('invalid-argument', `${database}: a SQLite file is brought up to date whenever it is opened`)
}

/** Its control plane brought it up to date when it opened it. */
function inUse(error: AppError): string {
  if (error.code === 'store-locked') return error.message
  throw error
}

async function statusOf(database: string): Promise<Status> {
  if (isPostgresUrl(database)) {
    const { migrationStatus } = await import('../../store/postgres/migrate.js')
    const { database: name, ...versions } = await migrationStatus(database)
    return { name, ...versions }
  }
  const { databaseStatus } = await import('../../store/sql/database-status.js')
  const { path: name, ...versions } = databaseStatus(database)
  return { name, ...versions }
}

function describe({ name, version, newest }: Status, postgres: boolean): string {
  const behind = postgres ? 'bring it up to date with "zonelab db migrate up"' : 'brought up to date at the next start'
  const verdict = version === newest ? 'up to date' : version < newest ? behind : 'of a newer zonelab'
  return `${name}: version ${version} of ${newest}, ${verdict}`
}

/** The one that is named, else those of the lab. */
function databasesIn(context: Context, input: Input): readonly string[] {
  const given = input.text('db')
  if (given !== undefined) return [isPostgresUrl(given) ? given : resolve(given)]
  const { paths, spec } = labIn(context, input)
  return databasesOf(paths, spec).map((database) => (isPostgresUrl(database) ? givenUrl(paths, database) : database))
}

/** Throws `not-found`, and `invalid-argument` for one without a database. */
function labIn(context: Context, input: Input): { readonly paths: LabPaths; readonly spec: LabSpec } {
  const paths = pathsOf(context, input)
  const spec = readLabState(paths)?.spec
  if (!spec) throw new AppError('not-found', `there is no lab "${paths.name}"; name a database with --db`)
  const none =
    spec.db === 'memory' ? 'its data in memory' : spec.global.kind === 'foreign' ? 'no global of its own' : ''
  if (none !== '') throw new AppError('invalid-argument', `lab "${paths.name}" keeps ${none}: there is no database`)
  return { paths, spec }
}
