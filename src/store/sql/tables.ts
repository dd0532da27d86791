import type { Database } from 'better-sqlite3'
import type { JsonText } from '../../model/json.js'
import type { Labels } from '../../model/labels.js'
import type { ResourceType } from '../../model/registry.js'
import type { Resource, ResourceKey } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'

export interface TenantRow {
  readonly epoch: string
  readonly revision: number
  readonly floor: number
  readonly logSize: number
}

interface ResourceRow {
  readonly type: ResourceType
  readonly mesh: string
  readonly name: string
  readonly uid: string
  readonly version: number
  readonly labels: string
  readonly spec: JsonText
  readonly status: JsonText | null
  readonly createdAtMs: number
  readonly modifiedAtMs: number
  readonly ownerType: ResourceType | null
  readonly ownerMesh: string | null
  readonly ownerName: string | null
  readonly syncedVersion: string | null
}

type KeyRow = Pick<ResourceRow, 'type' | 'mesh' | 'name'>

const COLUMNS = `type, mesh, name, uid, version, labels, spec, status, created_at_ms AS createdAtMs,
  modified_at_ms AS modifiedAtMs, owner_type AS ownerType, owner_mesh AS ownerMesh, owner_name AS ownerName,
  synced_version AS syncedVersion`
const KEY = 'tenant = ? AND type = ? AND mesh = ? AND name = ?'

/** The statements of the store, each prepared once. */
export class Tables {
  readonly #sql

  constructor(db: Database) {
    this.#sql = prepare(db)
  }

  tenants(): TenantId[] {
    return this.#sql.tenants.all()
  }

  tenant(tenant: TenantId): TenantRow | undefined {
    return this.#sql.tenant.get(tenant)
  }

  saveTenant(tenant: TenantId, row: TenantRow): void {
    this.#sql.saveTenant.run({ tenant, ...row })
  }

  deleteTenant(tenant: TenantId): void {
    for (const statement of this.#sql.deleteTenant) statement.run(tenant)
  }

  get(tenant: TenantId, key: ResourceKey): Resource | undefined {
    const row = this.#sql.get.get(tenant, key.type, key.mesh ?? '', key.name)
    return row && resourceOf(row)
  }

  ownedBy(tenant: TenantId, owner: ResourceKey): Resource[] {
    return this.#sql.ownedBy.all(tenant, owner.type, owner.mesh ?? '', owner.name).map(resourceOf)
  }

  list(tenant: TenantId, type: ResourceType, mesh: string | undefined): Resource[] {
    const rows = mesh === undefined ? this.#sql.list.all(tenant, type) : this.#sql.listMesh.all(tenant, type, mesh)
    return rows.map(resourceOf)
  }

  save(tenant: TenantId, { mesh, labels, status, owner, syncedVersion, ...rest }: Resource): void {
    this.#sql.save.run({
      ...rest,
      tenant,
      mesh: mesh ?? '',
      labels: JSON.stringify(labels),
      status: status ?? null,
      ownerType: owner?.type ?? null,
      ownerMesh: owner ? (owner.mesh ?? '') : null,
      ownerName: owner?.name ?? null,
      syncedVersion: syncedVersion ?? null,
    })
  }

  delete(tenant: TenantId, key: ResourceKey): void {
    this.#sql.delete.run(tenant, key.type, key.mesh ?? '', key.name)
  }

  logChange(tenant: TenantId, revision: number, key: ResourceKey): void {
    this.#sql.logChange.run(tenant, revision, key.type, key.mesh ?? '', key.name)
  }

  /** Undefined when the log is empty. */
  oldestLogged(tenant: TenantId): number | undefined {
    return this.#sql.oldestLogged.get(tenant) ?? undefined
  }

  /** Returns how many entries went. */
  forgetLogged(tenant: TenantId, revision: number): number {
    return this.#sql.forgetLogged.run(tenant, revision).changes
  }

  keysSince(tenant: TenantId, revision: number): ResourceKey[] {
    return this.#sql.keysSince.all(tenant, revision).map(keyOfRow)
  }
}

function prepare(db: Database) {
  return {
    tenants: db.prepare<[], TenantId>('SELECT tenant FROM tenant ORDER BY tenant').pluck(),
    tenant: db.prepare<[string], TenantRow>(
      'SELECT epoch, revision, floor, log_size AS logSize FROM tenant WHERE tenant = ?',
    ),
    saveTenant: db.prepare<[TenantRow & { tenant: string }]>(
      `INSERT INTO tenant (tenant, epoch, revision, floor, log_size)
       VALUES (@tenant, @epoch, @revision, @floor, @logSize)
       ON CONFLICT (tenant) DO UPDATE SET revision = @revision, floor = @floor, log_size = @logSize`,
    ),
    deleteTenant: ['change_log', 'resource', 'tenant'].map((table) =>
      db.prepare<[string]>(`DELETE FROM ${table} WHERE tenant = ?`),
    ),
    get: db.prepare<[string, string, string, string], ResourceRow>(`SELECT ${COLUMNS} FROM resource WHERE ${KEY}`),
    ownedBy: db.prepare<[string, string, string, string], ResourceRow>(
      `SELECT ${COLUMNS} FROM resource WHERE tenant = ? AND owner_type = ? AND owner_mesh = ? AND owner_name = ?`,
    ),
    list: db.prepare<[string, string], ResourceRow>(`SELECT ${COLUMNS} FROM resource WHERE tenant = ? AND type = ?`),
    listMesh: db.prepare<[string, string, string], ResourceRow>(
      `SELECT ${COLUMNS} FROM resource WHERE tenant = ? AND type = ? AND mesh = ?`,
    ),
    save: db.prepare<[ResourceRow & { tenant: string }]>(
      `INSERT OR REPLACE INTO resource (tenant, type, mesh, name, uid, version, labels, spec, status, created_at_ms,
         modified_at_ms, owner_type, owner_mesh, owner_name, synced_version)
       VALUES (@tenant, @type, @mesh, @name, @uid, @version, @labels, @spec, @status, @createdAtMs,
         @modifiedAtMs, @ownerType, @ownerMesh, @ownerName, @syncedVersion)`,
    ),
    delete: db.prepare<[string, string, string, string]>(`DELETE FROM resource WHERE ${KEY}`),
    logChange: db.prepare<[string, number, string, string, string]>(
      'INSERT INTO change_log (tenant, revision, type, mesh, name) VALUES (?, ?, ?, ?, ?)',
    ),
    oldestLogged: db.prepare<[string], number | null>('SELECT min(revision) FROM change_log WHERE tenant = ?').pluck(),
    forgetLogged: db.prepare<[string, number]>('DELETE FROM change_log WHERE tenant = ? AND revision = ?'),
    keysSince: db.prepare<[string, number], KeyRow>(
      'SELECT DISTINCT type, mesh, name FROM change_log WHERE tenant = ? AND revision > ?',
    ),
  }
}

function resourceOf(row: ResourceRow): Resource {
  const { labels, status, ownerType, ownerMesh, ownerName, syncedVersion, ...rest } = row
  return {
    ...rest,
    mesh: row.mesh || undefined,
    labels: JSON.parse(labels) as Labels,
    status: status ?? undefined,
    owner: ownerType && ownerName ? keyOfRow({ type: ownerType, mesh: ownerMesh ?? '', name: ownerName }) : undefined,
    syncedVersion: syncedVersion ?? undefined,
  }
}

function keyOfRow({ type, mesh, name }: KeyRow): ResourceKey {
  return { type, mesh: mesh || undefined, name }
}
