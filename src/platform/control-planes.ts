import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { RecordStore, RecordWrite } from '../store/records.js'
import { type AuditEntry, audit } from './audit.js'
import type { Caller } from './caller.js'
import { type ControlPlane, type ControlPlaneBody, create, Records, remove, replace } from './entities.js'
import { judge, MESH_ENTITY } from './grants.js'
import { InvalidParameters } from './problem.js'
import type { ShardClient } from './shard-client.js'

export interface ControlPlanesOptions {
  readonly store: RecordStore
  readonly shards: ReadonlyMap<string, ShardClient>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Half a control plane may be left, because its global or the database is away. */
  readonly onHalf: () => void
}

export interface NewControlPlane
  extends Pick<ControlPlaneBody, 'description' | 'labels' | 'features' | 'version' | 'region'> {
  readonly name: string
  readonly shard: string | undefined
}

/** The facts of a request that its audit entry names. */
export type Trail = Pick<AuditEntry, 'actor' | 'tokenId' | 'source' | 'requestId'>

/**
 * Control planes, of which the manager and a global each hold a half. A creation or a removal is first written down here,
 * then done there, then ended here; what a failure or a crash leaves in between is removed by `reconcile`, so that nobody
 * finds a control plane of which he was not told, nor misses one of which he was.
 */
export class ControlPlanes {
  readonly #options: ControlPlanesOptions
  /** Ids of those that are being made now. */
  readonly #making = new Set<string>()

  constructor(options: ControlPlanesOptions) {
    this.#options = options
  }

  /** Those that are there for people. */
  async list(records: Records): Promise<ControlPlane[]> {
    return (await records.list('control-plane')).filter(({ body }) => body.phase === 'ready')
  }

  async find(records: Records, id: string): Promise<ControlPlane | undefined> {
    const found = await records.get('control-plane', id)
    return found?.body.phase === 'ready' ? found : undefined
  }

  /** Throws `already-exists`, `InvalidParameters`, and `unavailable` when its global does not take it: then there is none. */
  async create(records: Records, wanted: NewControlPlane, caller: Caller, trail: Trail): Promise<ControlPlane> {
    const { clock, random, log } = this.#options
    const shard = await this.#place(records, wanted)
    const { name, region, description, labels, features, version } = wanted
    const atMs = clock.nowMs()
    const id = random.uuid()
    const draft = {
      kind: 'control-plane',
      id,
      name,
      body: {
        description,
        labels,
        features,
        version,
        region,
        shard: shard.shard.name,
        phase: 'making',
        zoneCredentials: 'both',
        personalTokens: true,
        createdAtMs: atMs,
        updatedAtMs: atMs,
      },
    } as const
    this.#making.add(id)
    try {
      await records.commit(create(draft))
      await shard.makeTenant(id, features)
      const made = { ...draft, version: 1 }
      await records.commit(
        replace(made, { body: { ...made.body, phase: 'ready' } }),
        ...this.#ownership(caller, id, region),
        this.#entry(trail, 'create', made),
      )
    } catch (thrown) {
      log.warn('a control plane could not be made', {
        tenant: id,
        shard: shard.shard.name,
        error: AppError.from(thrown),
      })
      await this.#abandon(records, id)
      throw AppError.from(thrown)
    } finally {
      this.#making.delete(id)
    }
    const ready = await this.find(records, id)
    if (!ready) throw new AppError('unavailable', 'the control plane was removed while it was made')
    return ready
  }

  async update(
    records: Records,
    was: ControlPlane,
    changes: { readonly name?: string; readonly body: Partial<ControlPlaneBody> },
    trail: Trail,
  ): Promise<ControlPlane> {
    const body = { ...was.body, ...changes.body, updatedAtMs: this.#options.clock.nowMs() }
    const renamed = changes.name === undefined ? {} : { name: changes.name }
    await records.commit(replace(was, { ...renamed, body }), this.#entry(trail, 'update', was))
    return { ...was, ...renamed, body, version: was.version + 1 }
  }

  /**
   * With `force` whatever is online, whose streams then end. Throws `InvalidParameters` while a zone is online, `unavailable`
   * when its global cannot say or cannot be reached.
   */
  async delete(
    records: Records,
    controlPlane: ControlPlane,
    trail: Trail,
    { force }: { readonly force: boolean },
  ): Promise<void> {
    if (!force) await this.#refuseWhileOnline(controlPlane)
    try {
      await this.#condemn(records, controlPlane, this.#entry(trail, 'delete', controlPlane))
      await this.#remove(records, controlPlane)
    } catch (thrown) {
      this.#options.onHalf()
      throw thrown
    }
  }

  /** Ends what a failure or a crash has left half done. Returns how many halves are left, because their global is away. */
  async reconcile(): Promise<number> {
    const { store, log } = this.#options
    let left = 0
    for (const organization of await store.organizations()) {
      const records = new Records(store.organization(organization))
      for (const controlPlane of await records.list('control-plane')) {
        if (controlPlane.body.phase === 'ready' || this.#making.has(controlPlane.id)) continue
        try {
          if (controlPlane.body.phase === 'making') await this.#condemn(records, controlPlane)
          await this.#remove(records, controlPlane)
          log.info('half a control plane was removed', { tenant: controlPlane.id, organization })
        } catch (thrown) {
          left += 1
          log.warn('half a control plane is left', { tenant: controlPlane.id, error: AppError.from(thrown) })
        }
      }
    }
    return left
  }

  /** Hands a control plane over again that its global has lost, as one without a database does. Resolves to whether it had. */
  async restore(records: Records, controlPlane: ControlPlane): Promise<boolean> {
    const { id, body } = controlPlane
    const shard = this.shardOf(controlPlane)
    if (await shard.hasTenant(id)) return false
    await shard.makeTenant(id, body.features)
    // Somebody may have removed it meanwhile.
    if (!(await this.find(records, id))) await shard.removeTenant(id)
    this.#options.log.warn('a global had lost a control plane and has it again', { tenant: id, shard: body.shard })
    return true
  }

  /** Throws `unavailable` for one whose deployment the manager is not told of any more. */
  shardOf({ body }: ControlPlane): ShardClient {
    const shard = this.#options.shards.get(body.shard)
    if (!shard) throw new AppError('unavailable', `the global deployment ${body.shard} is not configured`)
    return shard
  }

  async #refuseWhileOnline(controlPlane: ControlPlane): Promise<void> {
    const { zonesOnline } = await this.shardOf(controlPlane).tenantStatus(controlPlane.id)
    const [zone] = zonesOnline
    if (zone === undefined) return
    throw new InvalidParameters({
      field: 'cpID',
      rule: 'invalid',
      reason: `zone "${zone}" is still online. Disconnect the zone first`,
      source: 'path',
    })
  }

  /** The one that was asked for, else the emptiest of the region. */
  async #place(records: Records, { shard: asked, region }: NewControlPlane): Promise<ShardClient> {
    const inRegion = [...this.#options.shards.values()].filter(({ shard }) => shard.region === region)
    if (asked !== undefined) {
      const shard = inRegion.find(({ shard }) => shard.name === asked)
      if (shard) return shard
      const choices = inRegion.map(({ shard }) => shard.name)
      const reason = `must be one of ${choices.join(', ')}`
      throw new InvalidParameters({ field: SHARD_HEADER, rule: 'enum', reason, choices, source: 'header' })
    }
    const held = await records.list('control-plane')
    const load = ({ shard }: ShardClient) => held.filter(({ body }) => body.shard === shard.name).length
    const [emptiest] = inRegion.sort((a, b) => load(a) - load(b))
    if (!emptiest) throw new AppError('unavailable', `region ${region} has no global deployment`)
    return emptiest
  }

  /** Who may create but has no say over what there is becomes the admin of what he made. */
  #ownership({ grants, holder }: Caller, id: string, region: string): RecordWrite[] {
    if (judge(grants, 'write', { id, region }) === 'allowed') return []
    const body = { role: 'Admin', entityType: MESH_ENTITY, entityId: id, region }
    return [create({ kind: 'role', id: this.#options.random.uuid(), parent: holder.id, name: roleName(body), body })]
  }

  async #abandon(records: Records, id: string): Promise<void> {
    try {
      const half = await records.get('control-plane', id)
      if (!half || half.body.phase === 'ready') return
      await this.#condemn(records, half)
      await this.#remove(records, half)
    } catch (thrown) {
      this.#options.log.warn('half a control plane is left', { tenant: id, error: AppError.from(thrown) })
      this.#options.onHalf()
    }
  }

  /** From here on it is gone for everybody, its name free, its zones and their tokens refused. */
  async #condemn(records: Records, controlPlane: ControlPlane, ...also: readonly RecordWrite[]): Promise<void> {
    const accounts = (await records.list('account')).filter(({ body }) => body.zone?.controlPlane === controlPlane.id)
    const roles = (await records.list('role')).filter(({ body }) => body.entityId === controlPlane.id)
    await records.commit(
      replace(controlPlane, { name: controlPlane.id, body: { ...controlPlane.body, phase: 'removing' } }),
      ...[...accounts, ...roles].map(remove),
      ...also,
    )
  }

  async #remove(records: Records, controlPlane: ControlPlane): Promise<void> {
    await this.shardOf(controlPlane).removeTenant(controlPlane.id)
    await records.commit(remove(controlPlane))
  }

  #entry(trail: Trail, action: AuditEntry['action'], { id, name }: { id: string; name: string }): RecordWrite {
    const atMs = this.#options.clock.nowMs()
    const object = `control-plane ${name}`
    return audit({ ...trail, atMs, action, object, objectId: id, controlPlane: id, result: 'done' })
  }
}

/** Konnect's request has no place for a deployment, and refuses unknown properties. */
export const SHARD_HEADER = 'x-zonelab-shard'

/** A holder has each role once. */
export function roleName(body: { role: string; entityType: string; entityId: string; region: string }): string {
  return [body.role, body.entityType, body.entityId, body.region].join('/')
}
