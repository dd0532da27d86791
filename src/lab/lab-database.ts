import { join, parse } from 'node:path'
import { AppError } from '../base/errors.js'
import { isPostgresUrl, splitPassword, withPassword } from '../store/store-place.js'
import { DEFAULT_DB, hasPlatform, type LabSpec } from './lab-spec.js'
import type { LabPaths } from './paths.js'
import { keptSecret, readIfThere, writePrivateFile } from './private-files.js'
import { DEFAULT_SHARD } from './shards.js'

/** What the lab's processes are told of a Postgres database. */
export interface LabDatabase {
  /** Without the password. */
  readonly store: string
  readonly password: string
}

/** By the name that the lab knows them by: `databaseOf`, `platformDatabase`. Those in files or in memory need nothing. */
export type LabDatabases = ReadonlyMap<string, LabDatabase>

/**
 * `memory`, or where the global of a shard keeps everything; instances of one shard share it, and shards never. Which one it
 * is hangs on the shard's name alone, so that a lab that gets more of them finds what those that it had have written.
 * Throws `invalid-argument` when Postgres could not tell the names apart.
 */
export function databaseOf(paths: LabPaths, { db }: LabSpec, shard: string): string {
  if (db === 'memory') return db
  if (isPostgresUrl(db)) return shard === DEFAULT_SHARD ? db : shardUrl(db, shard)
  const file = db === DEFAULT_DB ? join(paths.data, 'global.db') : db
  return shard === DEFAULT_SHARD ? file : shardFile(file, shard)
}

/** The manager's records are in tables of their own. */
export function platformDatabase(paths: LabPaths, { db }: LabSpec): string {
  return db === 'memory' || isPostgresUrl(db) ? db : join(paths.data, 'platform.db')
}

/** Of the globals and the platform, each once. */
export function databasesOf(paths: LabPaths, spec: LabSpec): readonly string[] {
  const globals = spec.global.kind === 'own' ? spec.topology.shards.map((shard) => databaseOf(paths, spec, shard)) : []
  return [...new Set([...globals, ...(hasPlatform(spec) ? [platformDatabase(paths, spec)] : [])])]
}

/** The password of the URL that the user gave, kept beside the lab's other credentials and nowhere else. */
export function keepDatabasePassword(paths: LabPaths, password: string): void {
  writePrivateFile(passwordFile(paths), `${password}\n`)
}

/** The URL of one of the lab's databases as the user may open it. */
export function givenUrl(paths: LabPaths, url: string): string {
  return withPassword(url, readIfThere(passwordFile(paths))?.trim() ?? '')
}

/**
 * Makes the lab's Postgres databases ready, also one that is not there yet. Given the URL of somebody who may make roles, it
 * makes one for the processes of each database, and brings the schema up to date; given that of such a role, it leaves both
 * alone. So no process of the lab ever works as the owner.
 */
export async function prepareDatabases(paths: LabPaths, spec: LabSpec): Promise<LabDatabases> {
  const prepared = new Map<string, LabDatabase>()
  for (const url of databasesOf(paths, spec).filter(isPostgresUrl)) prepared.set(url, await prepareDatabase(paths, url))
  return prepared
}

async function prepareDatabase(paths: LabPaths, store: string): Promise<LabDatabase> {
  const { ensureAppRole, ensureDatabase, isAppRole, migrateUp } = await import('../store/postgres/migrate.js')
  const url = givenUrl(paths, store)
  await ensureDatabase(url)
  if (await isAppRole(url)) return { store, password: splitPassword(url).password ?? '' }
  const password = keptSecret(`${passwordFile(paths)}-app`)
  const role = await ensureAppRole(url, password)
  await migrateUp(url, role)
  return { store: asRole(store, role), password }
}

/** `mesh.db` → `mesh.eu-1.db`. */
function shardFile(file: string, shard: string): string {
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}.${shard}${ext}`)
}

/** `…/mesh` → `…/mesh_eu_1`: names of shards have no underscore, so that no two make one database. */
function shardUrl(url: string, shard: string): string {
  const [, server = '', name = '', query = ''] = /^(postgres(?:ql)?:\/\/[^/?]*)(?:\/([^/?]*))?(.*)$/.exec(url) ?? []
  if (name === '') throw new AppError('invalid-argument', `--db ${url}: name the database, shards have one each`)
  const own = `${name}_${shard.replaceAll('-', '_')}`
  if (Buffer.byteLength(decodeURIComponent(own)) > NAME_BYTES_MAX) {
    throw new AppError(
      'invalid-argument',
      `--db ${url}: the name of the database of ${shard} would be too long, ${own}`,
    )
  }
  return `${server}/${own}${query}`
}

/** Postgres cuts a longer name of a role or database off; the role's is that of the database with `_app`. */
const NAME_BYTES_MAX = 63 - '_app'.length

function asRole(url: string, role: string): string {
  const [, scheme, rest] = /^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?(.*)$/.exec(url) ?? []
  if (scheme === undefined)
    throw new AppError('invalid-argument', `--db ${url}: use postgres://USER@HOST:PORT/DATABASE`)
  return `${scheme}${encodeURIComponent(role)}@${rest}`
}

function passwordFile(paths: LabPaths): string {
  return `${paths.tokens}/database`
}
