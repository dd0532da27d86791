import { openZoneAuthenticator } from '../../../src/auth/open-zone-authenticator.js'
import type { PeerIdentity } from '../../../src/auth/zone-authenticator.js'
import { systemClock } from '../../../src/base/clock.js'
import { type Hop, Hops } from '../../../src/base/hops.js'
import { silentLogger } from '../../../src/base/log.js'
import { PromMetrics } from '../../../src/base/prom-metrics.js'
import { systemRandom } from '../../../src/base/random.js'
import { AdminRelay } from '../../../src/global/admin-relay.js'
import { KdsService } from '../../../src/global/kds-service.js'
import { Sessions } from '../../../src/global/sessions.js'
import { TenantRuntime } from '../../../src/global/tenant-runtime.js'
import { DEFAULT_TENANT, type TenantId } from '../../../src/model/tenant.js'
import { openStore } from '../../../src/store/open-store.js'
import { WritePace } from '../../../src/store/sql/write-pace.js'
import type { TenantStore } from '../../../src/store/store.js'
import { GrpcServer } from '../../../src/transport/grpc/server.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { populate } from '../workload.js'

const PORTS = { clock: systemClock, random: systemRandom, log: silentLogger }

/** Kuma's, and ours. */
const MESSAGE_BYTES_MAX = 10_485_760

/** A global control plane as `src/global/compose.ts` makes it, without its HTTP listeners, and with its store in reach. */
export interface GlobalRig {
  readonly port: number
  /** Of the default tenant. */
  readonly store: TenantStore
  tenantStore(tenant: string): TenantStore
  readonly metrics: PromMetrics
  /** Answers of zones to what they were sent. */
  readonly answers: { count: number; onAnswer: () => void }
  readHops(reader: (hop: Hop) => void, tenant?: string): () => void
}

export interface RigOptions {
  /** Policies that are there before the first zone calls. */
  readonly resources: number
  /** As `openStore` takes it. */
  readonly store: string
}

export async function startGlobal({ resources, store: where }: RigOptions): Promise<GlobalRig> {
  const stores = await openStore(where, { ...PORTS, pace: new WritePace(systemClock) })
  const store = stores.tenant(DEFAULT_TENANT)
  await populate(store, resources)
  const metrics = new PromMetrics('Global')
  const hops = new Hops(systemClock)
  const instanceId = 'bench'
  const runtimes = new Map<TenantId, TenantRuntime>()
  const runtimeOf = (tenant: TenantId) => {
    const runtime = runtimes.get(tenant) ?? makeRuntime(stores.tenant(tenant))
    runtimes.set(tenant, runtime)
    return runtime
  }
  const makeRuntime = (tenantStore: TenantStore) =>
    new TenantRuntime({
      ...PORTS,
      store: tenantStore,
      metrics,
      hops,
      instanceId,
      insightFlushIntervalMs: 10_000,
      subscriptionLimit: 10,
      messageBytesMax: MESSAGE_BYTES_MAX,
      labels: { skipPrefixes: [] },
    })
  const sessions = new Sessions()
  const answers = { count: 0, onAnswer: () => {} }
  const service = new KdsService({
    ...PORTS,
    tenantOf: runtimeOf,
    sessions,
    relay: new AdminRelay({ ...PORTS, sessions }),
    metrics,
    hops,
    instanceId,
    onProgress: () => {
      answers.count += 1
      answers.onAnswer()
    },
  })
  const zones = openZoneAuthenticator({
    tenancy: { fallback: DEFAULT_TENANT, cpIdHeader: 'x-konnect-cp-id', ids: 'names' },
    exists: () => true,
    log: silentLogger,
  })
  const server = new GrpcServer<PeerIdentity>({ ...PORTS, authenticate: (metadata) => zones.authenticate(metadata) })
  server.stream(KDS.GlobalToZoneSync, (peer, duplex) => service.globalToZone(peer, duplex))
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const tenantStore = (tenant: string) => stores.tenant(tenant as TenantId)
  return { port, store, tenantStore, metrics, answers, readHops: (reader, tenant) => hops.read(reader, tenant) }
}
