import { AppError } from '../../base/errors.js'
import type { PgDatabase } from './pg-database.js'
import { MIGRATIONS } from './schema.js'

/**
 * Whether the walls stand: the role cannot look behind row level security, and every tenant table has it, for the owner
 * too, by exactly one policy (several are OR-ed). Throws `guard-rail` with every fault and what to do; the process must
 * not run on such a database, since nothing else would be noticed.
 */
export async function checkDatabase(database: PgDatabase): Promise<void> {
  await checkVersion(database)
  const faults = [...(await roleFaults(database)), ...(await tableFaults(database))]
  if (faults.length === 0) return
  const remedy = 'run "zonelab db migrate up" as the owner and start with a role of its own (docs/postgres.md)'
  throw new AppError(
    'guard-rail',
    `the database ${database.name} would not keep tenants apart: ${faults.join('; ')}; ${remedy}`,
  )
}

async function checkVersion(database: PgDatabase): Promise<void> {
  const [schema] = await database.ask<{ there: boolean; usable: boolean }>(
    `SELECT to_regnamespace('zonelab') IS NOT NULL AS there,
      coalesce(has_schema_privilege(to_regnamespace('zonelab'), 'USAGE'), false) AS usable`,
  )
  if (!schema?.there) {
    const text = `the database ${database.name} has no zonelab schema: run "zonelab db migrate up --db URL" as its owner`
    throw new AppError('invalid-argument', text)
  }
  if (!schema.usable) {
    const text = `the role may not use the zonelab schema of ${database.name}: run "zonelab db migrate up --app-role ROLE" as its owner`
    throw new AppError('invalid-argument', text)
  }
  const [row] = await database.ask<{ version: number }>('SELECT max(version) AS version FROM zonelab.migration')
  const version = row?.version ?? 0
  const described = `it has schema ${version}, this zonelab needs ${MIGRATIONS.length}`
  if (version > MIGRATIONS.length) {
    throw new AppError(
      'store-newer',
      `the database ${database.name} was migrated by a newer zonelab (${described}): upgrade zonelab`,
    )
  }
  if (version < MIGRATIONS.length) {
    const text = `the database ${database.name} is behind (${described}): run "zonelab db migrate up" as its owner`
    throw new AppError('invalid-argument', text)
  }
}

async function roleFaults(database: PgDatabase): Promise<string[]> {
  const [role] = await database.ask<Record<'name' | 'super' | 'bypass' | 'owns', string | boolean>>(
    `SELECT current_user AS name, rolsuper AS super, rolbypassrls AS bypass,
      EXISTS (SELECT FROM pg_class WHERE relnamespace = 'zonelab'::regnamespace AND pg_has_role(relowner, 'USAGE')) AS owns
    FROM pg_roles WHERE rolname = current_user`,
  )
  const name = `the role "${role?.name}"`
  return [
    ...(role?.super ? [`${name} is a superuser`] : []),
    ...(role?.bypass ? [`${name} has BYPASSRLS`] : []),
    // A superuser may act as anybody, which is said already.
    ...(role?.owns && !role.super ? [`${name} owns the tables, or may act as their owner`] : []),
  ]
}

async function tableFaults(database: PgDatabase): Promise<string[]> {
  const tables = await database.ask<{ name: string; enabled: boolean; forced: boolean; policies: string }>(
    `SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
      (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('tenant_id', 'organisation_id')
    WHERE c.relnamespace = 'zonelab'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'v') ORDER BY c.relname`,
  )
  return tables.flatMap(({ name, enabled, forced, policies }) => [
    ...(enabled ? [] : [`row level security is not enabled on ${name}`]),
    ...(forced ? [] : [`row level security is not forced on ${name}`]),
    ...(policies === '1' ? [] : [`${name} has ${policies} policies instead of one`]),
  ])
}
