import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { isJsonObject } from '../model/json.js'
import { specOf } from '../model/resource.js'
import type { TenantId } from '../model/tenant.js'
import type { Peers } from '../store/peers.js'
import type { TenantStore } from '../store/store.js'
import type { AdminRequest } from '../wire/admin-codec.js'
import type { AdminRelay, AdminRpc } from './admin-relay.js'

const STREAM = { StreamXDSConfigs: 'configDump', StreamStats: 'stats', StreamClusters: 'clusters' } as const

const question = z.object({
  zone: z.string(),
  rpc: z.enum(['StreamXDSConfigs', 'StreamStats', 'StreamClusters']),
  request: z.record(z.string(), z.unknown()),
})

export interface RemoteAdminOptions {
  readonly peers: Peers
  readonly instanceId: string
  readonly storeOf: (tenant: TenantId) => TenantStore
}

/** Asks the instance that holds a zone's admin stream, which the zone's insight names, as Kuma's does. */
export class RemoteAdmin {
  readonly #options: RemoteAdminOptions

  constructor(options: RemoteAdminOptions) {
    this.#options = options
  }

  /** Questions of other instances are answered over the streams of this one, and go no further. */
  serve(relay: AdminRelay): void {
    this.#options.peers.answer(async (tenant, bytes) => {
      const { zone, rpc, request } = question.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
      return relay.askHere(tenant, zone, rpc, request as unknown as AdminRequest)
    })
  }

  /** Undefined when no other instance has the stream. Throws what the other answers. */
  async ask(
    tenant: TenantId,
    zone: string,
    rpc: AdminRpc,
    request: Omit<AdminRequest, 'requestId'>,
  ): Promise<Uint8Array | undefined> {
    const { peers, instanceId, storeOf } = this.#options
    const insight = await storeOf(tenant).get({ type: 'ZoneInsight', mesh: undefined, name: zone })
    const streams = insight && specOf(insight).kdsStreams
    const stream = isJsonObject(streams) ? streams[STREAM[rpc]] : undefined
    const holder = isJsonObject(stream) ? stream.globalInstanceId : undefined
    if (typeof holder !== 'string' || holder === instanceId || !(await peers.present()).has(holder)) return undefined
    try {
      return await peers.call(holder, tenant, Buffer.from(JSON.stringify({ zone, rpc, request })))
    } catch (thrown) {
      // The insight is a little behind: the stream ended there, and nobody else is known to have it.
      if (AppError.from(thrown).code === 'zone-offline') return undefined
      throw thrown
    }
  }
}
