import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { RecordWrite } from '../store/records.js'
import { audit } from './audit.js'
import { roleName, type Trail } from './control-planes.js'
import { type Account, type ControlPlane, create, type Records, remove } from './entities.js'
import { MESH_ENTITY } from './grants.js'
import { newSecret } from './secrets.js'
import type { ShardClient } from './shard-client.js'

export interface ProvisioningOptions {
  readonly shardOf: (controlPlane: ControlPlane) => ShardClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The longest that a system account's token may live (auth.md §2.4). */
export const SAT_LIFETIME_MAX_MS = 365 * 86_400_000

/**
 * Zones whose credential the manager makes: a Zone at the global, a managed account that may connect it and nothing else, and
 * one token. They come and go together, whichever door the zone is deleted by.
 */
export class Provisioning {
  readonly #options: ProvisioningOptions

  constructor(options: ProvisioningOptions) {
    this.#options = options
  }

  /** The token, which is shown here and never again. Throws `already-exists`, `unavailable`. */
  async provision(records: Records, controlPlane: ControlPlane, zone: string, trail: Trail): Promise<string> {
    const shard = this.#options.shardOf(controlPlane)
    if (await shard.hasZone(controlPlane.id, zone)) throw taken(zone)
    // What a zone that is gone has left, if the news of its end was lost.
    const stale = await this.#accountsOf(records, controlPlane.id, zone)
    if (!(await shard.createZone(controlPlane.id, zone))) throw taken(zone)
    try {
      const { writes, secret } = this.#accountFor(controlPlane, zone, trail)
      await records.commit(...stale.map(remove), ...writes)
      return secret
    } catch (thrown) {
      await shard.deleteZone(controlPlane.id, zone).catch((error: unknown) => {
        this.#options.log.warn('half a zone is left', { tenant: controlPlane.id, zone, error })
      })
      throw thrown
    }
  }

  /** The zone is gone: nobody is to come in its name. An account that is younger than the news belongs to the next zone. */
  async zoneDeleted(records: Records, controlPlane: string, zone: string, atMs: number, trail: Trail): Promise<void> {
    const accounts = await this.#accountsOf(records, controlPlane, zone)
    const gone = accounts.filter(({ body }) => body.createdAtMs <= atMs)
    if (gone.length === 0) return
    await records.commit(
      ...gone.map(remove),
      audit({
        ...trail,
        atMs: this.#options.clock.nowMs(),
        action: 'revoke',
        object: `token of zone ${zone}`,
        objectId: gone[0]?.id,
        controlPlane,
        result: 'done',
        reason: 'zone deleted',
      }),
    )
  }

  /** Makes the zones again of which there is an account: their global has lost them with the control plane. */
  async restore(records: Records, controlPlane: ControlPlane): Promise<void> {
    const shard = this.#options.shardOf(controlPlane)
    for (const { body } of await records.list('account')) {
      if (body.zone?.controlPlane === controlPlane.id) await shard.createZone(controlPlane.id, body.zone.name)
    }
  }

  /** Removes the accounts of zones that are not there any more, of which the news was lost. */
  async sweep(records: Records, controlPlane: ControlPlane, trail: Trail): Promise<void> {
    const shard = this.#options.shardOf(controlPlane)
    const nowMs = this.#options.clock.nowMs()
    for (const { body } of await records.list('account')) {
      if (body.zone?.controlPlane !== controlPlane.id) continue
      if (await shard.hasZone(controlPlane.id, body.zone.name)) continue
      await this.zoneDeleted(records, controlPlane.id, body.zone.name, nowMs, trail)
    }
  }

  async #accountsOf(records: Records, controlPlane: string, zone: string): Promise<Account[]> {
    const accounts = await records.list('account', { name: accountName(controlPlane, zone) })
    return accounts.filter(({ body }) => body.zone?.controlPlane === controlPlane && body.zone.name === zone)
  }

  #accountFor(controlPlane: ControlPlane, zone: string, trail: Trail): { writes: RecordWrite[]; secret: string } {
    const { clock, random } = this.#options
    const nowMs = clock.nowMs()
    const stamps = { createdAtMs: nowMs, updatedAtMs: nowMs }
    const secret = newSecret('sat')
    const account = random.uuid()
    const { id, name, body } = controlPlane
    const role = { role: 'Connector', entityType: MESH_ENTITY, entityId: id, region: body.region }
    const token = random.uuid()
    const writes = [
      create({
        kind: 'account',
        id: account,
        name: accountName(id, zone),
        body: { ...stamps, description: `Zone ${zone} of ${name}`, zone: { controlPlane: id, name: zone } },
      }),
      create({ kind: 'role', id: random.uuid(), parent: account, name: roleName(role), body: role }),
      create({
        kind: 'token',
        id: token,
        parent: account,
        name: zone,
        digest: secret.digest,
        body: { ...stamps, kind: 'sat', expiresAtMs: nowMs + SAT_LIFETIME_MAX_MS },
      }),
      audit({
        ...trail,
        atMs: nowMs,
        action: 'provision',
        object: `zone ${zone}`,
        objectId: token,
        controlPlane: id,
        result: 'done',
      }),
    ]
    return { writes, secret: secret.text }
  }
}

function accountName(controlPlane: string, zone: string): string {
  return `mesh-zone-${controlPlane}-${zone}`
}

function taken(zone: string): AppError {
  return new AppError(
    'already-exists',
    `zone "${zone}" exists already; to get a new token, delete the zone and provision it again`,
  )
}
