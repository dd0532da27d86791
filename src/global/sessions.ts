import type { TenantId } from '../model/tenant.js'
import type { CloseReason } from '../protocol/close-reason.js'

export type KdsRpc = 'GlobalToZoneSync' | 'ZoneToGlobalSync' | 'StreamXDSConfigs' | 'StreamStats' | 'StreamClusters'

/** One open stream of an authenticated zone. */
export interface Session {
  readonly tenant: TenantId
  readonly zone: string
  readonly rpc: KdsRpc
  end(reason: CloseReason): void
}

/** The open streams of this process: at most one per tenant, zone and RPC. The newest wins (invariant I13). */
export class Sessions {
  readonly #open = new Map<string, Session>()

  open(session: Session): void {
    const older = this.#open.get(keyOf(session))
    this.#open.set(keyOf(session), session)
    older?.end({ kind: 'superseded', detail: `zone ${session.zone} opened a newer ${session.rpc} stream` })
  }

  /** An older stream that ends late does not take the newer one's place away. */
  closed(session: Session): void {
    if (this.#open.get(keyOf(session)) === session) this.#open.delete(keyOf(session))
  }

  find(tenant: TenantId, zone: string, rpc: KdsRpc): Session | undefined {
    return this.#open.get(keyOf({ tenant, zone, rpc }))
  }

  /** In no particular order. */
  all(): readonly Session[] {
    return [...this.#open.values()]
  }
}

function keyOf({ tenant, zone, rpc }: Pick<Session, 'tenant' | 'zone' | 'rpc'>): string {
  return `${tenant}/${zone}/${rpc}`
}
