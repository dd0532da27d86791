import type { JsonText } from '../../model/json.js'
import type { Labels } from '../../model/labels.js'
import type { ResourceType } from '../../model/registry.js'
import type { Resource, ResourceKey } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'
import type { Change } from '../store.js'
import type { Statement } from './pg-database.js'

/** A tenant's row; bigint columns arrive as text. */
export interface TenantColumns {
  readonly epoch: string
  readonly revision: string
  readonly floor: string
}

export interface ResourceColumns {
  readonly type: ResourceType
  readonly mesh: string
  readonly name: string
  readonly uid: string
  readonly version: string
  readonly labels: string
  readonly spec: JsonText
  readonly status: JsonText | null
  readonly created_at_ms: string
  readonly modified_at_ms: string
  readonly owner_type: ResourceType | null
  readonly owner_mesh: string | null
  readonly owner_name: string | null
  readonly synced_version: string | null
}

/** What a LEFT JOIN finds nothing for is null throughout. */
export type Joined<T> = T | { readonly [K in keyof T]: null }

export interface LogColumns {
  readonly log_revision: string
  readonly log_type: ResourceType
  readonly log_mesh: string
  readonly log_name: string
  readonly before: string | null
}

/** A row of the log as `record` writes it. */
export interface LogEntry {
  readonly revision: number
  readonly change: Change
}

const KEY_COLUMNS = 'type text COLLATE "C", mesh text COLLATE "C", name text COLLATE "C"'
const COLUMNS = [
  'type',
  'mesh',
  'name',
  'uid',
  'version',
  'labels',
  'spec',
  'status',
  'created_at_ms',
  'modified_at_ms',
  'owner_type',
  'owner_mesh',
  'owner_name',
  'synced_version',
] as const
const RESOURCE = COLUMNS.map((column) => `r.${column}`).join(', ')
const TYPED = COLUMNS.map((column) => `${column} ${/^(version|.*_at_ms)$/.test(column) ? 'bigint' : 'text'}`).join(', ')
const REPLACED = COLUMNS.slice(3)
  .map((column) => `${column} = excluded.${column}`)
  .join(', ')
const OF_KEY = 'r.tenant_id = $1 AND r.type = k.type AND r.mesh = k.mesh AND r.name = k.name'

/**
 * Every statement about a tenant says which one in its own words (`tenant_id = $1`) although row level security would
 * be enough: the planner likes it, and each of the two walls stands without the other.
 */
export const statements = {
  /** The tenant's head, and beside it the resources of these types, all of one moment. No row: there is no tenant. */
  list(tenant: TenantId, types: readonly ResourceType[], mesh: string | undefined): Statement {
    const ofMesh = mesh === undefined ? '' : ' AND r.mesh = $3'
    return {
      text: `SELECT t.epoch, t.revision, t.floor, ${RESOURCE} FROM zonelab.tenant t
        LEFT JOIN zonelab.resource r ON r.tenant_id = $1 AND r.type = ANY($2)${ofMesh} WHERE t.tenant_id = $1`,
      values: mesh === undefined ? [tenant, types] : [tenant, types, mesh],
    }
  },

  get(tenant: TenantId, { type, mesh, name }: ResourceKey): Statement {
    return {
      text: `SELECT t.epoch, t.revision, t.floor, ${RESOURCE} FROM zonelab.tenant t LEFT JOIN zonelab.resource r
        ON r.tenant_id = $1 AND r.type = $2 AND r.mesh = $3 AND r.name = $4 WHERE t.tenant_id = $1`,
      values: [tenant, type, mesh ?? '', name],
    }
  },

  /** The head, and the log after `revision`, oldest first, each entry with what its key is now. */
  changes(tenant: TenantId, revision: number): Statement {
    return {
      text: `SELECT t.epoch, t.revision, t.floor, l.revision AS log_revision, l.type AS log_type, l.mesh AS log_mesh,
          l.name AS log_name, l.before, ${RESOURCE}
        FROM zonelab.tenant t
        LEFT JOIN zonelab.change_log l ON l.tenant_id = $1 AND l.revision > $2
        LEFT JOIN zonelab.resource r ON r.tenant_id = $1 AND r.type = l.type AND r.mesh = l.mesh AND r.name = l.name
        WHERE t.tenant_id = $1 ORDER BY l.revision`,
      values: [tenant, revision],
    }
  },

  /** The head, and the keys of the log after `revision`, each once. */
  keysSince(tenant: TenantId, revision: number): Statement {
    return {
      text: `SELECT DISTINCT t.epoch, t.revision, t.floor, l.type, l.mesh, l.name FROM zonelab.tenant t
        LEFT JOIN zonelab.change_log l ON l.tenant_id = $1 AND l.revision > $2 WHERE t.tenant_id = $1`,
      values: [tenant, revision],
    }
  },

  /** From here to the end of the transaction the tenant has one writer: that makes its revisions gapless. */
  lock(tenant: TenantId): Statement {
    return {
      text: `SELECT epoch, revision, floor, log_size, pg_current_xact_id()::text AS transaction
        FROM zonelab.tenant WHERE tenant_id = $1 FOR UPDATE`,
      values: [tenant],
    }
  },

  /** The term of a leader, which stays his until the transaction ends. */
  term(role: string): Statement {
    return { text: 'SELECT term FROM zonelab.leader WHERE role = $1 FOR SHARE', values: [role] }
  },

  make(tenant: TenantId, epoch: string): Statement {
    return {
      text: `WITH listed AS (INSERT INTO zonelab.control_plane (id) VALUES ($1) ON CONFLICT DO NOTHING)
        INSERT INTO zonelab.tenant (tenant_id, epoch, revision, floor, log_size) VALUES ($1, $2, 0, 0, 0)
        ON CONFLICT (tenant_id) DO NOTHING`,
      values: [tenant, epoch],
    }
  },

  /** What is there under these keys; `withBelongings`: and all that it owns, and what that owns. */
  rows(tenant: TenantId, keys: readonly ResourceKey[], withBelongings: boolean): Statement {
    const named = `SELECT type, mesh, name FROM json_to_recordset($2::json) AS named(${KEY_COLUMNS})`
    const reached = withBelongings
      ? `WITH RECURSIVE k AS (${named} UNION SELECT r.type, r.mesh, r.name FROM k JOIN zonelab.resource r
          ON r.tenant_id = $1 AND r.owner_type = k.type AND r.owner_mesh = k.mesh AND r.owner_name = k.name)`
      : `WITH k AS (${named})`
    return {
      text: `${reached} SELECT ${RESOURCE} FROM k JOIN zonelab.resource r ON ${OF_KEY}`,
      values: [tenant, JSON.stringify(keys.map(keyJson))],
    }
  },

  /** Of the oldest revisions of the log so many that at least `excess` entries go: the last of them, and how many go. */
  oldest(tenant: TenantId, excess: number): Statement {
    return {
      text: `WITH sizes AS (SELECT revision, count(*) AS size FROM zonelab.change_log
          WHERE tenant_id = $1 GROUP BY revision ORDER BY revision LIMIT $2),
        sums AS (SELECT revision, sum(size) OVER (ORDER BY revision) AS gone FROM sizes)
        SELECT revision, gone FROM sums WHERE gone >= $2 ORDER BY revision LIMIT 1`,
      values: [tenant, excess],
    }
  },

  /** All of a commit at once: what goes, what is there now, what the log says of it, and how far the tenant is. */
  record(tenant: TenantId, changes: readonly Change[], log: readonly LogEntry[], to: TenantRow): Statement {
    const gone = changes.filter(({ after }) => after === undefined).map(({ key }) => keyJson(key))
    const kept = changes.flatMap(({ after }) => (after ? [columnsOf(after)] : []))
    return {
      text: `WITH gone AS (DELETE FROM zonelab.resource r USING json_to_recordset($2::json) AS k(${KEY_COLUMNS})
          WHERE ${OF_KEY}),
        kept AS (INSERT INTO zonelab.resource (tenant_id, ${COLUMNS.join(', ')})
          SELECT $1, ${COLUMNS.join(', ')} FROM json_to_recordset($3::json) AS n(${TYPED})
          ON CONFLICT (tenant_id, type, mesh, name) DO UPDATE SET ${REPLACED}),
        forgotten AS (DELETE FROM zonelab.change_log WHERE tenant_id = $1 AND revision <= $6),
        logged AS (INSERT INTO zonelab.change_log (tenant_id, revision, type, mesh, name, before)
          SELECT $1, revision, type, mesh, name, before
          FROM json_to_recordset($4::json) AS e(revision bigint, ${KEY_COLUMNS}, before text))
        UPDATE zonelab.tenant SET revision = $5, floor = $6, log_size = $7 WHERE tenant_id = $1`,
      values: [
        tenant,
        JSON.stringify(gone),
        JSON.stringify(kept),
        JSON.stringify(log.map(logJson)),
        to.revision,
        to.floor,
        to.logSize,
      ],
    }
  },

  /** Every trace of the tenant. */
  forget(tenant: TenantId): Statement {
    return {
      text: `WITH resources AS (DELETE FROM zonelab.resource WHERE tenant_id = $1),
        log AS (DELETE FROM zonelab.change_log WHERE tenant_id = $1),
        listed AS (DELETE FROM zonelab.control_plane WHERE id = $1)
        DELETE FROM zonelab.tenant WHERE tenant_id = $1`,
      values: [tenant],
    }
  },
} as const

export interface TenantRow {
  readonly epoch: string
  readonly revision: number
  readonly floor: number
  readonly logSize: number
}

/** Undefined for what a join found nothing for. */
export function resourceOf(row: Joined<ResourceColumns>): Resource | undefined {
  if (row.type === null) return undefined
  return {
    ...keyOfColumns(row),
    uid: row.uid,
    version: Number(row.version),
    labels: JSON.parse(row.labels) as Labels,
    spec: row.spec,
    status: row.status ?? undefined,
    createdAtMs: Number(row.created_at_ms),
    modifiedAtMs: Number(row.modified_at_ms),
    owner:
      row.owner_type !== null && row.owner_name !== null
        ? keyOfColumns({ type: row.owner_type, mesh: row.owner_mesh ?? '', name: row.owner_name })
        : undefined,
    syncedVersion: row.synced_version ?? undefined,
  }
}

/** What a log entry says was there before. */
export function loggedBefore({ before }: LogColumns): Resource | undefined {
  return before === null ? undefined : resourceOf(JSON.parse(before) as ResourceColumns)
}

export function keyOfColumns({ type, mesh, name }: Pick<ResourceColumns, 'type' | 'mesh' | 'name'>): ResourceKey {
  return { type, mesh: mesh || undefined, name }
}

function keyJson({ type, mesh, name }: ResourceKey) {
  return { type, mesh: mesh ?? '', name }
}

function logJson({ revision, change: { key, before } }: LogEntry) {
  return { revision, ...keyJson(key), before: before ? JSON.stringify(columnsOf(before)) : null }
}

function columnsOf(resource: Resource) {
  const { owner } = resource
  return {
    ...keyJson(resource),
    uid: resource.uid,
    version: resource.version,
    labels: JSON.stringify(resource.labels),
    spec: resource.spec,
    status: resource.status ?? null,
    created_at_ms: resource.createdAtMs,
    modified_at_ms: resource.modifiedAtMs,
    owner_type: owner?.type ?? null,
    owner_mesh: owner ? (owner.mesh ?? '') : null,
    owner_name: owner?.name ?? null,
    synced_version: resource.syncedVersion ?? null,
  }
}
