import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { keyText } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'
import { MemoryTenant } from '../memory-tenant.js'
import { type CommitRequest, type Committed, failureOf, type Reply, type WriteRequest } from '../sql/requests.js'
import { CHANGE_LOG_MAX, type Change, type Head } from '../store.js'
import { decide } from '../transaction.js'
import { ofTenant, type PgDatabase, type WriteTransaction } from './pg-database.js'
import { type PgFailure, pgFailure } from './pg-error.js'
import { notWritten, type TransactionOutcome, transactionOutcome } from './pg-outcome.js'
import { type LogEntry, type ResourceColumns, resourceOf, statements, type TenantRow } from './pg-statements.js'

export interface PgWriterOptions {
  readonly tenant: TenantId
  readonly database: PgDatabase
  readonly clock: Clock
  /** The epoch of a tenant that has no row yet. */
  readonly freshEpoch: () => string
  /** The tenant has had a row: without one it was deleted elsewhere, and what is still to be written of it must not make one. */
  readonly wasThere: () => boolean
  /** Called with what is durable, in order, before it is answered. `base` is the head that it builds on. */
  readonly onCommitted: (base: Head, committed: readonly Committed[]) => Promise<void>
  /** The tenant is gone; so is called the epoch that begins. */
  readonly onDeleted: (nextEpoch: string) => void
}

interface LockedTenant {
  readonly epoch: string
  readonly revision: string
  readonly floor: string
  readonly log_size: string
  readonly transaction: string
}

/** Writes one tenant's groups of commits, each in one transaction. */
export class PgWriter {
  readonly #options: PgWriterOptions

  constructor(options: PgWriterOptions) {
    this.#options = options
  }

  /** One transaction for neighbouring commits. Never rejects: a database that is away fails this group, not the store. */
  async write(group: readonly WriteRequest[]): Promise<readonly Reply<Committed>[]> {
    const replies: Reply<Committed>[] = []
    for (let next = 0; next < group.length; ) {
      const first = group[next]
      if (first?.kind === 'delete-tenant') {
        replies.push(await this.#delete(first.nextEpoch))
        next += 1
        continue
      }
      const commits: CommitRequest[] = []
      for (let request = group[next]; request?.kind === 'commit'; request = group[next + commits.length]) {
        commits.push(request)
      }
      replies.push(...(await this.#commitAll(commits)))
      next += commits.length
    }
    return replies
  }

  async #commitAll(commits: readonly CommitRequest[]): Promise<readonly Reply<Committed>[]> {
    const { database } = this.#options
    let outcome = await this.#attempt(commits)
    // The connection had died before anything was written on it: another will do.
    for (let triesLeft = database.connectionsMax; isDead(outcome) && triesLeft > 0; triesLeft -= 1) {
      outcome = await this.#attempt(commits)
    }
    if (outcome.kind === 'done') return outcome.replies
    // One of them holds what the database does not take: each alone, so that only that one is refused.
    if (outcome.failure.kind === 'refused' && commits.length > 1) {
      const replies: Reply<Committed>[] = []
      for (const commit of commits) replies.push(...(await this.#commitAll([commit])))
      return replies
    }
    return Array(commits.length).fill({ kind: 'failed', failure: failureOf(outcome.failure.error) })
  }

  async #attempt(commits: readonly CommitRequest[]): Promise<Attempt> {
    const { database, tenant } = this.#options
    const plan: { made: Plan | undefined } = { made: undefined }
    try {
      await database.write(ofTenant(tenant), async (transaction) => {
        plan.made = await this.#plan(transaction, commits)
        const { changes, log, to } = plan.made
        if (changes.length > 0) await transaction.commit(statements.record(tenant, changes, log, to))
      })
    } catch (thrown) {
      const failure = pgFailure(thrown, database.name)
      if ((failure.kind !== 'dead' && failure.kind !== 'hung') || !plan.made) return { kind: 'failed', failure }
      const happened = await this.#hasHappened(plan.made)
      if (happened !== 'committed') return { kind: 'failed', failure: notWritten(happened, database) }
    }
    const { base, replies } = plan.made as Plan
    const committed = replies.flatMap((reply) => (reply.kind === 'ok' ? [reply.value] : []))
    await this.#options.onCommitted(base, committed)
    return { kind: 'done', replies }
  }

  /** Decides every commit over the rows that it names, without writing. */
  async #plan(transaction: WriteTransaction, commits: readonly CommitRequest[]): Promise<Plan> {
    const { tenant, freshEpoch, wasThere } = this.#options
    const writes = commits.flatMap((commit) => commit.writes)
    const keys = writes.map((write) => (write.kind === 'put' ? write.resource : write.key))
    const wanted = statements.rows(
      tenant,
      keys,
      writes.some(({ kind }) => kind === 'delete'),
    )
    let [[locked], found, terms] = await Promise.all([
      transaction.query<LockedTenant>(statements.lock(tenant)),
      transaction.query<ResourceColumns>(wanted),
      termsNow(transaction, commits),
    ])
    if (!locked) {
      if (wasThere()) throw new AppError('not-found', `control plane ${tenant} was deleted`)
      await transaction.query(statements.make(tenant, freshEpoch()))
      ;[[locked], found] = await Promise.all([
        transaction.query<LockedTenant>(statements.lock(tenant)),
        transaction.query<ResourceColumns>(wanted),
      ])
    }
    if (!locked) throw new AppError('unavailable', `tenant ${tenant} is just being deleted: try again`)
    const before = tenantRow(locked)
    const rows = new MemoryTenant()
    rows.apply(found.flatMap((row) => asFound(row)))
    return decideAll(rows, before, commits, terms, locked.transaction, async (excess) => {
      const [oldest] = await transaction.query<{ revision: string; gone: string }>(statements.oldest(tenant, excess))
      return oldest && { revision: Number(oldest.revision), gone: Number(oldest.gone) }
    })
  }

  async #delete(nextEpoch: string): Promise<Reply<Committed>> {
    const { database, tenant, onDeleted } = this.#options
    try {
      await database.write(ofTenant(tenant), async (transaction) => {
        await transaction.query(statements.lock(tenant))
        await transaction.commit(statements.forget(tenant))
      })
    } catch (thrown) {
      // Deleting again is no harm: whoever asked may ask again.
      return { kind: 'failed', failure: failureOf(pgFailure(thrown, database.name).error) }
    }
    onDeleted(nextEpoch)
    return { kind: 'ok', value: { outcomes: [], changes: [], head: { epoch: nextEpoch, revision: 0 } } }
  }

  async #hasHappened({ transaction, to }: Plan): Promise<TransactionOutcome> {
    const { database, tenant, clock } = this.#options
    return transactionOutcome({ database, clock, transaction }, async () => {
      const [row] = await database.read<LockedTenant>(ofTenant(tenant), statements.list(tenant, [], undefined))
      return row?.epoch === to.epoch && Number(row.revision) >= to.revision
    })
  }
}

/** Who leads what the commits were made by. */
async function termsNow(
  transaction: WriteTransaction,
  commits: readonly CommitRequest[],
): Promise<ReadonlyMap<string, number>> {
  const roles = [...new Set(commits.flatMap(({ fence }) => (fence ? [fence.role] : [])))]
  const found = await Promise.all(roles.map((role) => transaction.query<{ term: string }>(statements.term(role))))
  return new Map(roles.map((role, index) => [role, Number(found[index]?.[0]?.term)]))
}

type Attempt =
  | { readonly kind: 'done'; readonly replies: readonly Reply<Committed>[] }
  | { readonly kind: 'failed'; readonly failure: PgFailure }

function isDead(outcome: Attempt): boolean {
  return outcome.kind === 'failed' && outcome.failure.kind === 'dead'
}

interface Plan {
  readonly base: Head
  readonly replies: readonly Reply<Committed>[]
  /** The net effect: one per key. */
  readonly changes: readonly Change[]
  readonly log: readonly LogEntry[]
  readonly to: TenantRow
  /** By which the database remembers the transaction. */
  readonly transaction: string
}

/** The oldest revisions of the stored log that hold at least so many entries together. */
type FindOldest = (excess: number) => Promise<{ readonly revision: number; readonly gone: number } | undefined>

async function decideAll(
  rows: MemoryTenant,
  before: TenantRow,
  commits: readonly CommitRequest[],
  terms: ReadonlyMap<string, number>,
  transaction: string,
  findOldest: FindOldest,
): Promise<Plan> {
  const { epoch } = before
  let { revision } = before
  const net = new Map<string, Change>()
  const perCommit: (readonly LogEntry[])[] = []
  const replies = commits.map(({ writes, nowMs, uids, fence }): Reply<Committed> => {
    if (fence && terms.get(fence.role) !== fence.term) {
      return { kind: 'failed', failure: { code: 'superseded', message: `another instance leads ${fence.role} now` } }
    }
    try {
      const { outcomes, changes } = decide(rows, writes, { nowMs, uids })
      if (changes.length > 0) {
        rows.apply(changes)
        revision += 1
        const at = revision
        perCommit.push(changes.map((change) => ({ revision: at, change })))
        for (const change of changes) net.set(keyText(change.key), change)
      }
      return { kind: 'ok', value: { outcomes, changes, head: { epoch, revision } } }
    } catch (thrown) {
      return { kind: 'failed', failure: failureOf(AppError.from(thrown)) }
    }
  })
  const { log, floor, logSize } = await trimmed({ ...before, revision }, perCommit, findOldest)
  const to = { epoch, revision, floor, logSize }
  const base = { epoch, revision: before.revision }
  return { base, replies, changes: [...net.values()], log, to, transaction }
}

/** What of the new entries the log takes, and which of its old ones it then forgets: whole revisions, the oldest first. */
async function trimmed(
  row: TenantRow,
  perCommit: readonly (readonly LogEntry[])[],
  findOldest: FindOldest,
): Promise<{ readonly log: readonly LogEntry[]; readonly floor: number; readonly logSize: number }> {
  const kept: (readonly LogEntry[])[] = []
  let size = 0
  for (const entries of [...perCommit].reverse()) {
    if (size + entries.length > CHANGE_LOG_MAX) break
    kept.unshift(entries)
    size += entries.length
  }
  const log = kept.flat()
  if (kept.length < perCommit.length) return { log, floor: row.revision - kept.length, logSize: size }
  const excess = row.logSize + size - CHANGE_LOG_MAX
  const oldest = excess > 0 ? await findOldest(excess) : undefined
  if (!oldest) return { log, floor: row.floor, logSize: row.logSize + size }
  return { log, floor: oldest.revision, logSize: row.logSize - oldest.gone + size }
}

function tenantRow(locked: LockedTenant): TenantRow {
  return {
    epoch: locked.epoch,
    revision: Number(locked.revision),
    floor: Number(locked.floor),
    logSize: Number(locked.log_size),
  }
}

function asFound(row: ResourceColumns): Change[] {
  const after = resourceOf(row)
  return after ? [{ key: after, before: undefined, after }] : []
}
