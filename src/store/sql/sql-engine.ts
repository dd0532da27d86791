import type { Database } from 'better-sqlite3'
import type { TenantId } from '../../model/tenant.js'
import { byMeshThenName, matches } from '../listing.js'
import { CHANGE_LOG_MAX, type ChangesSince, type Head } from '../store.js'
import { decide, type Rows } from '../transaction.js'
import {
  type CommitRequest,
  type Committed,
  failureOf,
  type ReadAnswer,
  type ReadRequest,
  type Reply,
  SHARED_WRITES_MAX,
  type WriteRequest,
  writesOf,
} from './requests.js'
import { sqliteFailure } from './sqlite-error.js'
import { Tables, type TenantRow } from './tables.js'

/** Runs requests over one SQLite connection, synchronously. The connection is its alone. */
export class SqlEngine {
  readonly #db: Database
  readonly #tables: Tables
  readonly #savepoint
  #stopped: Reply<never> | undefined

  constructor(db: Database) {
    this.#db = db
    this.#tables = new Tables(db)
    // Nested in the group's transaction, better-sqlite3 makes this a savepoint.
    this.#savepoint = db.transaction((request: WriteRequest): Committed => this.#apply(request))
  }

  /** One transaction, made durable once; each request in a savepoint of its own. It may end early (`SqlRunner.write`). */
  write(group: readonly WriteRequest[], isHurried: () => boolean = () => false): readonly Reply<Committed>[] {
    if (this.#stopped) return Array(group.length).fill(this.#stopped)
    try {
      return this.#db.transaction(() => this.#attemptAll(group, isHurried)).immediate()
    } catch (thrown) {
      return Array(group.length).fill(this.#failed(thrown))
    }
  }

  read(request: ReadRequest): Reply<ReadAnswer> {
    if (this.#stopped) return this.#stopped
    try {
      return { kind: 'ok', value: this.#answer(request) }
    } catch (thrown) {
      return this.#failed(thrown)
    }
  }

  #attemptAll(group: readonly WriteRequest[], isHurried: () => boolean): readonly Reply<Committed>[] {
    const replies: Reply<Committed>[] = []
    let writes = 0
    for (const request of group) {
      writes += writesOf(request)
      if (replies.length > 0 && writes > SHARED_WRITES_MAX && isHurried()) break
      replies.push(this.#attempt(request))
    }
    return replies
  }

  #attempt(request: WriteRequest): Reply<Committed> {
    try {
      return { kind: 'ok', value: this.#savepoint(request) }
    } catch (thrown) {
      const { kind, error } = sqliteFailure(thrown, this.#db.name)
      // Some failures make SQLite roll back by itself; what came before in the group is gone then, too.
      if (kind !== 'refused' || !this.#db.inTransaction) throw thrown
      return { kind: 'failed', failure: failureOf(error) }
    }
  }

  #failed(thrown: unknown): Reply<never> {
    const { kind, error } = sqliteFailure(thrown, this.#db.name)
    if (kind !== 'stopped') return { kind: 'failed', failure: failureOf(error) }
    this.#stopped = { kind: 'stopped', failure: failureOf(error) }
    return this.#stopped
  }

  #apply(request: WriteRequest): Committed {
    if (request.kind === 'commit') return this.#commit(request)
    this.#tables.deleteTenant(request.tenant)
    return { outcomes: [], changes: [], head: { epoch: request.nextEpoch, revision: 0 } }
  }

  #commit({ tenant, freshEpoch, writes, nowMs, uids }: CommitRequest): Committed {
    const tables = this.#tables
    const rows: Rows = {
      get: (key) => tables.get(tenant, key),
      ownedBy: (owner) => tables.ownedBy(tenant, owner),
    }
    const { outcomes, changes } = decide(rows, writes, { nowMs, uids })
    const before = this.#tenant(tenant, freshEpoch)
    if (changes.length === 0) return { outcomes, changes, head: headOf(before) }
    const revision = before.revision + 1
    for (const { key, after } of changes) {
      if (after) tables.save(tenant, after)
      else tables.delete(tenant, key)
      tables.logChange(tenant, revision, key)
    }
    const after = this.#trimmed(tenant, { ...before, revision, logSize: before.logSize + changes.length })
    tables.saveTenant(tenant, after)
    return { outcomes, changes, head: headOf(after) }
  }

  #trimmed(tenant: TenantId, row: TenantRow): TenantRow {
    let { floor, logSize } = row
    while (logSize > CHANGE_LOG_MAX) {
      const oldest = this.#tables.oldestLogged(tenant)
      if (oldest === undefined) break
      logSize -= this.#tables.forgetLogged(tenant, oldest)
      floor = oldest
    }
    return { ...row, floor, logSize }
  }

  #tenant(tenant: TenantId, freshEpoch: string): TenantRow {
    return this.#tables.tenant(tenant) ?? { epoch: freshEpoch, revision: 0, floor: 0, logSize: 0 }
  }

  #answer(request: ReadRequest): ReadAnswer {
    switch (request.kind) {
      case 'get':
        return this.#tables.get(request.tenant, request.key)
      case 'list':
        return this.#list(request)
      case 'changes-since':
        return this.#changesSince(request)
      case 'tenants':
        return this.#tables.tenants()
    }
  }

  #list({ tenant, freshEpoch, types, filter }: ReadRequest<'list'>): ReadAnswer<'list'> {
    const resources = types.flatMap((type) =>
      this.#tables
        .list(tenant, type, filter.mesh)
        .filter((resource) => matches(resource, filter))
        // SQLite sorts by UTF-8 bytes, which is nearly this order: sorting again is one pass.
        .sort(byMeshThenName),
    )
    return { head: headOf(this.#tenant(tenant, freshEpoch)), resources }
  }

  #changesSince({ tenant, freshEpoch, epoch, revision }: ReadRequest<'changes-since'>): ChangesSince {
    const row = this.#tenant(tenant, freshEpoch)
    const head = headOf(row)
    if (epoch !== row.epoch || revision < row.floor || revision > row.revision) return { kind: 'start-over', head }
    return { kind: 'changes', head, keys: this.#tables.keysSince(tenant, revision) }
  }
}

function headOf({ epoch, revision }: TenantRow): Head {
  return { epoch, revision }
}
