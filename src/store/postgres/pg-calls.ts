import type pg from 'pg'
import { z } from 'zod'
import type { Clock } from '../../base/clock.js'
import { AppError, ERRORS, type ErrorCode } from '../../base/errors.js'
import type { Logger } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { parseTenantId, type TenantId } from '../../model/tenant.js'
import type { CallHandler } from '../peers.js'
import { ofTenant, type PgDatabase, type Statement } from './pg-database.js'
import type { SessionMember } from './pg-session.js'

export interface PgCallsOptions {
  readonly instance: string
  readonly database: PgDatabase
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const CHANNEL = 'zonelab_calls'
/** A zone has 12 s to answer; a little more, so that its word arrives. */
const ANSWER_WITHIN_MS = 14_000
/** A notification that was lost is sent again, and an answer whose notification was lost is found. */
const ASK_EVERY_MS = 1_000

const notice = z.object({ to: z.string(), tenant: z.string(), id: z.string(), from: z.string().optional() })

interface CallRow {
  readonly request: Buffer
  readonly response: Buffer | null
  readonly code: string | null
  readonly message: string | null
}

/**
 * Calls from one instance to another by way of the database that they share: no port, no address and no credential more,
 * and the tenant's policy guards question and answer. Rows go when the caller has its answer.
 */
export class PgCalls implements SessionMember {
  readonly #options: PgCallsOptions
  readonly #waiting = new Map<string, () => void>()
  readonly #answering = new Set<string>()
  #handler: CallHandler | undefined

  constructor(options: PgCallsOptions) {
    this.#options = options
  }

  async up(client: pg.Client): Promise<void> {
    client.on('notification', ({ channel, payload }) => {
      if (channel === CHANNEL) this.#heard(payload ?? '')
    })
    await client.query(`LISTEN ${CHANNEL}`)
  }

  down(): void {}

  answer(handler: CallHandler): void {
    this.#handler = handler
  }

  async call(to: string, tenant: TenantId, request: Uint8Array): Promise<Uint8Array> {
    const { random, clock, instance } = this.#options
    const id = random.uuid()
    await this.#run(tenant, statements.ask(tenant, id, Buffer.from(request)))
    const untilMs = clock.monotonicMs() + ANSWER_WITHIN_MS
    try {
      while (clock.monotonicMs() < untilMs) {
        const told = this.#told(id)
        await this.#notify({ to, tenant, id, from: instance })
        await told
        const answer = await this.#look(tenant, id)
        if (answer) return answer
      }
    } finally {
      this.#waiting.delete(id)
      await this.#run(tenant, statements.forget(tenant, id)).catch(() => {})
    }
    throw new AppError('timed-out', `the instance ${to}, which has the stream, did not answer`)
  }

  /** Resolves when an answer is said to be there, or it is time to look. */
  #told(id: string): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ASK_EVERY_MS, resolve)
      this.#waiting.set(id, () => {
        cancel()
        resolve()
      })
    })
  }

  async #look(tenant: TenantId, id: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#options.database.read<CallRow>(ofTenant(tenant), statements.look(tenant, id))
    if (!row) throw new AppError('unavailable', 'the database forgot the call: try again')
    if (row.code !== null) {
      const code = Object.hasOwn(ERRORS, row.code) ? (row.code as ErrorCode) : 'internal'
      throw new AppError(code, row.message ?? '')
    }
    return row.response ?? undefined
  }

  #heard(payload: string): void {
    try {
      const { to, tenant, id, from } = notice.parse(JSON.parse(payload))
      if (to !== this.#options.instance) return
      if (from === undefined) this.#waiting.get(id)?.()
      else void this.#serve(parseTenantId(tenant), id, from)
    } catch (thrown) {
      this.#options.log.warn('a notification is no call', { error: AppError.from(thrown) })
    }
  }

  /** Once, however often it is asked for. */
  async #serve(tenant: TenantId, id: string, from: string): Promise<void> {
    const { database, log } = this.#options
    if (!this.#handler || this.#answering.has(id)) return
    this.#answering.add(id)
    try {
      const [row] = await database.read<CallRow>(ofTenant(tenant), statements.look(tenant, id))
      if (!row || row.response !== null || row.code !== null) return
      await this.#run(tenant, await answered(this.#handler, tenant, id, row.request))
      await this.#notify({ to: from, tenant, id })
    } catch (thrown) {
      log.warn('a call of another instance was not answered', { tenant, error: AppError.from(thrown) })
    } finally {
      this.#answering.delete(id)
    }
  }

  async #run(tenant: TenantId, statement: Statement): Promise<void> {
    await this.#options.database.run(ofTenant(tenant), statement)
  }

  async #notify(message: z.infer<typeof notice>): Promise<void> {
    await this.#options.database.ask('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify(message)])
  }
}

async function answered(handler: CallHandler, tenant: TenantId, id: string, request: Buffer): Promise<Statement> {
  try {
    return statements.answer(tenant, id, Buffer.from(await handler(tenant, request)))
  } catch (thrown) {
    return statements.refuse(tenant, id, AppError.from(thrown))
  }
}

const statements = {
  /** What callers that died have left behind goes on the way. */
  ask: (tenant: TenantId, id: string, request: Buffer): Statement => ({
    text: `WITH old AS (DELETE FROM zonelab.call WHERE tenant_id = $1 AND asked_at < now() - interval '1 minute')
      INSERT INTO zonelab.call (tenant_id, id, request, asked_at) VALUES ($1, $2, $3, now())`,
    values: [tenant, id, request],
  }),
  look: (tenant: TenantId, id: string): Statement => ({
    text: 'SELECT request, response, code, message FROM zonelab.call WHERE tenant_id = $1 AND id = $2',
    values: [tenant, id],
  }),
  answer: (tenant: TenantId, id: string, response: Buffer): Statement => ({
    text: 'UPDATE zonelab.call SET response = $3 WHERE tenant_id = $1 AND id = $2',
    values: [tenant, id, response],
  }),
  refuse: (tenant: TenantId, id: string, { code, message }: AppError): Statement => ({
    text: 'UPDATE zonelab.call SET code = $3, message = $4 WHERE tenant_id = $1 AND id = $2',
    values: [tenant, id, code, message],
  }),
  forget: (tenant: TenantId, id: string): Statement => ({
    text: 'DELETE FROM zonelab.call WHERE tenant_id = $1 AND id = $2',
    values: [tenant, id],
  }),
}
