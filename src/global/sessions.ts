import type { PeerIdentity } from '../auth/zone-authenticator.js'
import type { TenantId } from '../model/tenant.js'
import type { CloseReason } from '../protocol/close-reason.js'

export const KDS_STREAMS = [
  'GlobalToZoneSync',
  'ZoneToGlobalSync',
  'StreamXDSConfigs',
  'StreamStats',
  'StreamClusters',
] as const
export type KdsRpc = (typeof KDS_STREAMS)[number]

/** One open stream of an authenticated zone. */
export interface Session extends PeerIdentity {
  readonly rpc: KdsRpc
  end(reason: CloseReason): void
  /** Drops what an `end` still waits for. */
  abort(reason: CloseReason): void
}

/** Hears of every session that begins and ends. */
export interface SessionObserver {
  onOpened(session: Session): void
  onClosed(session: Session): void
}

/** The open streams of this process: at most one per tenant, zone and RPC. The newest wins (invariant I13). */
export class Sessions {
  readonly #open = new Map<string, Session>()
  readonly #byTenant = new Map<TenantId, Set<Session>>()
  readonly #byToken = new Map<string, Set<Session>>()
  readonly #observers: SessionObserver[] = []

  /** To be called before the first session. */
  observe(observer: SessionObserver): void {
    this.#observers.push(observer)
  }

  open(session: Session): void {
    const older = this.#open.get(keyOf(session))
    if (older) this.#forget(older)
    this.#open.set(keyOf(session), session)
    addTo(this.#byTenant, session.tenant, session)
    addTo(this.#byToken, tokenOf(session), session)
    for (const observer of this.#observers) observer.onOpened(session)
    older?.end({ kind: 'superseded', detail: `zone ${session.zone} opened a newer ${session.rpc} stream` })
  }

  /** An older stream that ends late does not take the newer one's place away. */
  closed(session: Session): void {
    if (this.#open.get(keyOf(session)) === session) this.#forget(session)
  }

  find(tenant: TenantId, zone: string, rpc: KdsRpc): Session | undefined {
    return this.#open.get(keyOf({ tenant, zone, rpc }))
  }

  /** In no particular order, as the others. */
  all(): readonly Session[] {
    return [...this.#open.values()]
  }

  ofTenant(tenant: TenantId): readonly Session[] {
    return [...(this.#byTenant.get(tenant) ?? [])]
  }

  ofZone(tenant: TenantId, zone: string): readonly Session[] {
    return KDS_STREAMS.map((rpc) => this.find(tenant, zone, rpc)).filter((session) => session !== undefined)
  }

  /** Those that an access token opened, by its digest. */
  ofToken(digest: string): readonly Session[] {
    return [...(this.#byToken.get(digest) ?? [])]
  }

  #forget(session: Session): void {
    this.#open.delete(keyOf(session))
    removeFrom(this.#byTenant, session.tenant, session)
    removeFrom(this.#byToken, tokenOf(session), session)
    for (const observer of this.#observers) observer.onClosed(session)
  }
}

function keyOf({ tenant, zone, rpc }: Pick<Session, 'tenant' | 'zone' | 'rpc'>): string {
  return `${tenant}/${zone}/${rpc}`
}

function tokenOf({ credential }: Session): string | undefined {
  return credential.kind === 'access-token' ? credential.digest : undefined
}

function addTo<K>(index: Map<K, Set<Session>>, key: K | undefined, session: Session): void {
  if (key === undefined) return
  const sessions = index.get(key)
  if (sessions) sessions.add(session)
  else index.set(key, new Set([session]))
}

function removeFrom<K>(index: Map<K, Set<Session>>, key: K | undefined, session: Session): void {
  if (key === undefined) return
  const sessions = index.get(key)
  sessions?.delete(session)
  if (sessions?.size === 0) index.delete(key)
}
