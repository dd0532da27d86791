import type pg from 'pg'
import type { Cancel, Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Logger } from '../../base/log.js'
import { parseTenantId, type TenantId } from '../../model/tenant.js'
import type { Head } from '../store.js'
import type { SessionMember } from './pg-session.js'

export interface PgSignalsOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Tenants that somebody here watches. */
  readonly watched: () => readonly TenantId[]
  /** Another instance says that it changed something of the tenant. */
  readonly onChanged: (tenant: TenantId) => void
  /** Some time has passed. */
  readonly onLook: () => void
  /** How far a watched tenant is; undefined: it has no row. */
  readonly onHead: (tenant: TenantId, head: Head | undefined) => void
}

const CHANNEL = 'zonelab_changes'
/** A notification that was lost is made up for after this. */
const LOOK_EVERY_MS = 5_000

/**
 * Wakes the other instances and is woken by them. A notification is a hint and nothing more: it is sent after the commit
 * (within it, PostgreSQL lets one notifying transaction commit at a time), it may be lost, and every look into the
 * tenants' heads makes up for it. The first look comes after LISTEN, so that nothing falls between.
 */
export class PgSignals implements SessionMember {
  readonly #options: PgSignalsOptions
  readonly #unsent = new Set<TenantId>()
  #client: pg.Client | undefined
  #sending = false
  #cancelLook: Cancel = () => {}

  constructor(options: PgSignalsOptions) {
    this.#options = options
  }

  async up(client: pg.Client): Promise<void> {
    client.on('notification', (message) => this.#heard(client, message))
    // What it commits is notifications, which need not survive a crash.
    await client.query('SET synchronous_commit = off')
    await client.query(`LISTEN ${CHANNEL}`)
    this.#client = client
    void this.#look()
    void this.#send()
  }

  down(): void {
    this.#client = undefined
    this.#cancelLook()
  }

  /** Something of the tenant was committed here. */
  changed(tenant: TenantId): void {
    this.#unsent.add(tenant)
    void this.#send()
  }

  async #send(): Promise<void> {
    const client = this.#client
    if (!client || this.#sending || this.#unsent.size === 0) return
    this.#sending = true
    try {
      while (this.#unsent.size > 0 && this.#client === client) {
        const tenants = [...this.#unsent]
        this.#unsent.clear()
        await client.query('SELECT pg_notify($1, tenant) FROM unnest($2::text[]) AS tenant', [CHANNEL, tenants])
      }
    } catch (thrown) {
      this.#options.log.debug('a notification was not sent', { error: AppError.from(thrown) })
    } finally {
      this.#sending = false
    }
  }

  #heard(client: pg.Client, { channel, processId, payload }: pg.Notification): void {
    if (channel !== CHANNEL) return
    const own = processId === (client as unknown as { readonly processID: number }).processID
    if (own || payload === undefined) return
    try {
      this.#options.onChanged(parseTenantId(payload))
    } catch (thrown) {
      this.#options.log.warn('a notification names no tenant', { error: AppError.from(thrown) })
    }
  }

  async #look(): Promise<void> {
    const client = this.#client
    if (!client) return
    const { watched, onHead, onLook, log, clock } = this.#options
    try {
      onLook()
      const tenants = watched()
      if (tenants.length > 0) {
        const { rows } = await client.query<{ tenant_id: string; epoch: string; revision: string }>(
          'SELECT * FROM zonelab.heads($1)',
          [tenants],
        )
        const heads = new Map(rows.map((row) => [row.tenant_id, { epoch: row.epoch, revision: Number(row.revision) }]))
        for (const tenant of tenants) onHead(tenant, heads.get(tenant))
      }
    } catch (thrown) {
      log.warn('the heads of the tenants could not be read', { error: AppError.from(thrown) })
    }
    if (this.#client === client) this.#cancelLook = clock.after(LOOK_EVERY_MS, () => void this.#look())
  }
}
