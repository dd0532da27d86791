import type { Clock } from '../base/clock.js'
import { GrpcClient } from '../transport/grpc/client.js'
import type { ClientTrust } from '../transport/grpc/client-trust.js'
import { KDS } from '../wire/kds-service.js'
import { KDS_HEADER, zoneHeaders } from '../wire/metadata.js'
import type { GlobalConnection } from '../zone/link-session.js'
import { countedDown, countedUp, type SharedDecoder, type WireCount } from './counted-codec.js'
import type { ZoneRelease } from './release.js'

export interface ZoneConnectionOptions {
  /** `host:port`. */
  readonly target: string
  readonly trust: ClientTrust
  readonly zone: string
  readonly release: ZoneRelease
  readonly token: string | undefined
  readonly cpId: { readonly header: string; readonly id: string } | undefined
  /** What it may send; for a zone that is to send too much, more than the global takes. */
  readonly messageBytesMax: number
  readonly count: WireCount
  readonly decoder: Pick<SharedDecoder, 'decode'>
  readonly clock: Clock
}

const HEALTH_CHECK_DEADLINE_MS = 15_000

/** A connection of one zone's own, whose traffic is counted, with the headers of the zone's release. */
export function connectZone(options: ZoneConnectionOptions): GlobalConnection {
  const { target, trust, zone, release, token, cpId, messageBytesMax, count, decoder, clock } = options
  const { version, headerFeatures, statesZoneVersion } = release
  const all = zoneHeaders({ zone, version, features: headerFeatures, token, cpId })
  const { [KDS_HEADER.zoneVersion]: _zoneVersion, ...older } = all
  const headers = statesZoneVersion ? all : older
  const client = new GrpcClient({ target, trust, headers: () => headers, messageBytesMax, clock })
  return {
    globalToZone: () => client.open(countedDown(count, decoder)),
    zoneToGlobal: () => client.open(countedUp(count)),
    admin: (rpc) => client.open(KDS[rpc]),
    healthCheck: async () => (await client.unary(KDS.HealthCheck, undefined, HEALTH_CHECK_DEADLINE_MS)).intervalMs,
    close: () => client.close(),
  }
}
