import type { Database } from 'better-sqlite3'

/** What a database file is for, and how it came to its form. */
export interface Schema {
  /** In the file's header: which of our files it is. */
  readonly applicationId: number
  /** Entry n takes the schema from version n to n + 1; entries are never edited. */
  readonly migrations: readonly string[]
}

/** `zlab`: marks a file as ours in its header. */
export const APPLICATION_ID = 0x7a6c6162

/**
 * Entry n takes the schema from version n to n + 1; entries are never edited. Rows lead with the tenant.
 * `mesh` is '' for global-scoped types, as a key column cannot be NULL.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE tenant (
    tenant   TEXT PRIMARY KEY,
    epoch    TEXT NOT NULL,
    revision INTEGER NOT NULL,
    floor    INTEGER NOT NULL, -- the change log tells all changes after this revision
    log_size INTEGER NOT NULL  -- rows of this tenant in change_log
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE resource (
    tenant         TEXT NOT NULL,
    type           TEXT NOT NULL,
    mesh           TEXT NOT NULL,
    name           TEXT NOT NULL,
    uid            TEXT NOT NULL,
    version        INTEGER NOT NULL,
    labels         TEXT NOT NULL,
    spec           TEXT NOT NULL,
    status         TEXT,
    created_at_ms  INTEGER NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    owner_type     TEXT,
    owner_mesh     TEXT,
    owner_name     TEXT,
    synced_version TEXT,
    PRIMARY KEY (tenant, type, mesh, name)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX resource_by_owner ON resource (tenant, owner_type, owner_mesh, owner_name)
    WHERE owner_type IS NOT NULL;

  CREATE TABLE change_log (
    tenant   TEXT NOT NULL,
    revision INTEGER NOT NULL,
    type     TEXT NOT NULL,
    mesh     TEXT NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (tenant, revision, type, mesh, name)
  ) STRICT, WITHOUT ROWID;
  `,
]

/** A control plane's resources. */
export const RESOURCE_SCHEMA: Schema = { applicationId: APPLICATION_ID, migrations: MIGRATIONS }

export function schemaVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number
}

/** Brings the schema to the newest version in one transaction: after a crash it is the old or the new one. */
export function migrate(db: Database, { applicationId, migrations }: Schema = RESOURCE_SCHEMA): void {
  if (schemaVersion(db) === migrations.length) return
  db.transaction(() => {
    for (const sql of migrations.slice(schemaVersion(db))) db.exec(sql)
    db.pragma(`application_id = ${applicationId}`)
    db.pragma(`user_version = ${migrations.length}`)
  }).exclusive()
}
