import { AppError } from '../base/errors.js'
import { isPostgresUrl, splitPassword, withPassword } from '../store/store-place.js'
import type { LabSpec } from './lab-spec.js'
import type { LabPaths } from './paths.js'
import { keptSecret, readIfThere, writePrivateFile } from './private-files.js'

/** What the lab's global instances are told of their Postgres database. */
export interface LabDatabase {
  /** Without the password. */
  readonly store: string
  readonly password: string
}

/** The password of the URL that the user gave, kept beside the lab's other credentials and nowhere else. */
export function keepDatabasePassword(paths: LabPaths, password: string): void {
  writePrivateFile(passwordFile(paths), `${password}\n`)
}

/** The user's URL, whole. */
export function givenUrl(paths: LabPaths, spec: LabSpec): string {
  return withPassword(spec.db, readIfThere(passwordFile(paths))?.trim() ?? '')
}

/**
 * Makes a Postgres database ready for the lab. Given the URL of somebody who may make roles, it makes one for the lab's
 * processes, with a password of its own, and brings the schema up to date; given that of such a role, it leaves both
 * alone. So no process of the lab ever works as the owner. Undefined when the lab has no Postgres database.
 */
export async function prepareDatabase(paths: LabPaths, spec: LabSpec): Promise<LabDatabase | undefined> {
  if (!isPostgresUrl(spec.db)) return undefined
  const { ensureAppRole, isAppRole, migrateUp } = await import('../store/postgres/migrate.js')
  const url = givenUrl(paths, spec)
  if (await isAppRole(url)) return { store: spec.db, password: splitPassword(url).password ?? '' }
  const password = keptSecret(`${passwordFile(paths)}-app`)
  const role = await ensureAppRole(url, password)
  await migrateUp(url, role)
  return { store: asRole(spec.db, role), password }
}

function asRole(url: string, role: string): string {
  const [, scheme, rest] = /^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?(.*)$/.exec(url) ?? []
  if (scheme === undefined)
    throw new AppError('invalid-argument', `--db ${url}: use postgres://USER@HOST:PORT/DATABASE`)
  return `${scheme}${encodeURIComponent(role)}@${rest}`
}

function passwordFile(paths: LabPaths): string {
  return `${paths.tokens}/database`
}
