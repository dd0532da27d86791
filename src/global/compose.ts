import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { ADMIN_USER_TOKEN, secretData } from '../auth/token-secrets.js'
import { tokenSources } from '../auth/token-settings.js'
import type { PeerIdentity, ZoneAuthenticator } from '../auth/zone-authenticator.js'
import type { Clock } from '../base/clock.js'
import type { AppError } from '../base/errors.js'
import { Hops } from '../base/hops.js'
import { Lifecycle } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { exposeProcess, exposeVersion } from '../base/process-metrics.js'
import { PromMetrics } from '../base/prom-metrics.js'
import type { Random } from '../base/random.js'
import { exposeClientVersions } from '../insights/client-versions.js'
import { DeadInstances } from '../insights/dead-instances.js'
import { exposeLeader } from '../insights/leader-metrics.js'
import { DEFAULT_TENANT, parseTenantId, type TenantId } from '../model/tenant.js'
import { openStore } from '../store/open-store.js'
import { othersPresent } from '../store/peers.js'
import { WritePace } from '../store/sql/write-pace.js'
import type { ResourceStore, TenantStore } from '../store/store.js'
import { storePlace } from '../store/store-place.js'
import { CONTROL_PLANE_VERSION } from '../sync/sync-node.js'
import { GrpcServer } from '../transport/grpc/server.js'
import { addDiagnostics } from '../transport/http/diagnostics.js'
import { HttpServer } from '../transport/http/server.js'
import { ServedCertificate } from '../transport/served-certificate.js'
import { KDS } from '../wire/kds-service.js'
import { AdminRelay } from './admin-relay.js'
import { type ApiListenerOptions, apiListener } from './api-listener.js'
import type { GlobalConfig } from './config.js'
import { KdsAdmission } from './kds-admission.js'
import { KdsService } from './kds-service.js'
import { MeshCounting } from './mesh-counting.js'
import { MovedZones, zonesElsewhere } from './moved-zones.js'
import type { RefusedZones } from './refused-zones.js'
import { RemoteAdmin } from './remote-admin.js'
import { Sessions } from './sessions.js'
import { SharedTenants } from './shared-tenants.js'
import { SyncStatus } from './sync-status.js'
import { TenantDirectory } from './tenant-directory.js'
import type { TenantHandoffOptions } from './tenant-handoff.js'
import { TenantRuntime } from './tenant-runtime.js'

export interface ProcessPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Called once when the disk fails under way: nothing is acknowledged from then on. Stop the process and exit non-zero. */
  readonly onFatal?: (error: AppError) => void
  /** Default: the store that the configuration names. Another one stands between, to take it away on purpose. */
  readonly openStore?: typeof openStore
}

export interface GlobalEndpoints {
  readonly apiHttp: number
  readonly apiHttps: number
  readonly kds: number
  readonly diagnostics: number
}

/** How long streams may take to see their end when the process stops. */
const STOP_GRACE_MS = 2_000

/** A global control plane: where its ports meet their implementations. */
export class GlobalProcess {
  readonly #config: GlobalConfig
  readonly #ports: ProcessPorts
  readonly #metrics = new PromMetrics('Global')
  readonly #hops: Hops
  readonly #instanceId: string
  readonly #sessions = new Sessions()
  readonly #relay: AdminRelay
  readonly #lifecycle: Lifecycle
  #ready = false

  constructor(config: GlobalConfig, ports: ProcessPorts) {
    this.#config = config
    this.#ports = ports
    exposeProcess(this.#metrics)
    this.#lifecycle = new Lifecycle(ports.log)
    this.#hops = new Hops(ports.clock)
    this.#instanceId = `${hostname()}-${ports.random.uuid().slice(0, 4)}`
    exposeVersion(this.#metrics, { ...CONTROL_PLANE_VERSION, instanceId: this.#instanceId })
    this.#relay = new AdminRelay({ ...ports, sessions: this.#sessions })
  }

  /** Opens the store, makes the control planes whole, then the listeners. A failed start stops what had started. */
  async start(): Promise<GlobalEndpoints> {
    return this.#lifecycle.starting(() => this.#start())
  }

  /** In reverse: no new calls, streams ended with a reason, insights closed, the store last. */
  async stop(): Promise<void> {
    this.#ready = false
    await this.#lifecycle.stop()
  }

  /** The store acknowledges nothing any more: this process is not ready again, and its owner is to end it. */
  #failed(error: AppError): void {
    this.#ready = false
    this.#ports.onFatal?.(error)
  }

  async #start(): Promise<GlobalEndpoints> {
    const store = await (this.#ports.openStore ?? openStore)(storePlace(this.#config), {
      ...this.#ports,
      metrics: this.#metrics,
      connectionsMax: this.#config.postgresMaxOpenConnections,
      instance: this.#instanceId,
      onFatal: (error) => this.#failed(error),
      pace: new WritePace(this.#ports.clock),
    })
    this.#lifecycle.onStop(() => store.close())
    const admission: KdsAdmission = new KdsAdmission({
      ...this.#ports,
      config: this.#config,
      tenants: () => tenants,
      sessions: this.#sessions,
      metrics: this.#metrics,
    })
    const counting = new MeshCounting({ ...this.#ports, shared: store.peers !== undefined })
    store.peers?.lead('mesh-insights', counting)
    exposeLeader(this.#metrics, counting, this.#config.reportResourcesCount)
    const tenants = this.#directory(store, admission, counting)
    this.#lifecycle.onStop(() => tenants.stop())
    await this.#openTenants(tenants, await store.tenants())
    await this.#writeAdminTokens(tenants)
    await this.#lifecycle.run(admission)
    await this.#joinPeers(store, tenants)
    const { clock } = this.#ports
    const service: KdsService = new KdsService({
      ...this.#ports,
      tenantOf: (id) => tenants.get(id).runtime,
      sessions: this.#sessions,
      relay: this.#relay,
      metrics: this.#metrics,
      hops: this.#hops,
      instanceId: this.#instanceId,
      onProgress: () => status.changed(),
    })
    exposeClientVersions(this.#metrics, () => service.downStreams)
    const elsewhere = (id: TenantId) => zonesElsewhere(store.tenant(id), store.peers, this.#instanceId)
    const status = new SyncStatus({
      clock,
      streams: () => service.downStreams,
      tenants: async () => tenants.all().map(({ id }) => id),
      tenantOf: (id) => tenants.get(id).runtime,
      elsewhere,
    })
    const { tlsCertFile: certFile, tlsKeyFile: keyFile, listen } = this.#config
    const files = { certFile, keyFile, hosts: [listen] }
    const certificate = await this.#lifecycle.run(new ServedCertificate({ ...this.#ports, ...files }))
    const kds = await this.#serveKds(service, admission.authenticator, certificate)
    const apis = await this.#serveApi(tenants, elsewhere, certificate)
    const diagnostics = await this.#serveDiagnostics(status, admission.refused)
    this.#ready = true
    return { ...apis, kds, diagnostics }
  }

  #directory(store: ResourceStore, admission: KdsAdmission, meshCounting: MeshCounting): TenantDirectory {
    const { localhostIsAdmin, bootstrapAdminToken } = this.#config
    const { peers } = store
    const moved = new MovedZones({ instanceId: this.#instanceId, sessions: this.#sessions })
    const makeRuntime = (tenantStore: TenantStore) => {
      admission.watch(tenantStore)
      const runtime = this.#runtime(tenantStore)
      if (peers) moved.watch(tenantStore, runtime)
      return runtime
    }
    return new TenantDirectory({
      ...this.#ports,
      store,
      makeRuntime,
      meshCounting,
      livesStill: () => othersPresent(peers, this.#instanceId),
      localhostIsAdmin,
      tokenSources: tokenSources(this.#config),
      bootstrapAdminToken,
    })
  }

  /** What there is to do because other instances work on the same database. */
  async #joinPeers(store: ResourceStore, tenants: TenantDirectory): Promise<void> {
    const { peers } = store
    if (!peers) return
    const { clock, log } = this.#ports
    const instanceId = this.#instanceId
    const remote = new RemoteAdmin({ peers, instanceId, storeOf: (id) => tenants.get(id).store })
    this.#relay.forwardTo((...question) => remote.ask(...question))
    remote.serve(this.#relay)
    const stores = () => tenants.all().map(({ store }) => store)
    peers.lead('dead-instances', new DeadInstances({ peers, stores, types: ['ZoneInsight'], clock, log }))
    await this.#lifecycle.run(new SharedTenants({ store, peers, tenants, sessions: this.#sessions, log }))
  }

  #runtime(store: TenantStore): TenantRuntime {
    const { zoneInsightFlushMs, subscriptionLimit, maxMsgSize, labelsSkipPrefixes } = this.#config
    const hops = this.#hops
    store.watch(({ changes }) => {
      if (!hops.active) return
      for (const { key } of changes) {
        hops.emit({
          hop: 'accepted',
          tenant: store.tenant,
          peer: undefined,
          type: key.type,
          name: `${key.name}.${key.mesh ?? ''}`,
          version: undefined,
        })
      }
    })
    return new TenantRuntime({
      ...this.#ports,
      store,
      metrics: this.#metrics,
      hops,
      instanceId: this.#instanceId,
      insightFlushIntervalMs: zoneInsightFlushMs,
      subscriptionLimit,
      messageBytesMax: maxMsgSize,
      labels: { skipPrefixes: labelsSkipPrefixes.split(',').filter((prefix) => prefix !== '') },
    })
  }

  /** The default one, those that are configured, and those that the store remembers, whose defaults their owners may have deleted. */
  async #openTenants(tenants: TenantDirectory, stored: readonly TenantId[]): Promise<void> {
    const { controlPlanes, skipMeshCreation, skipHostnameGenerators } = this.#config
    const configured = controlPlanes.split(',').filter((id) => id !== '')
    const defaults = { mesh: !skipMeshCreation, hostnameGenerators: !skipHostnameGenerators }
    for (const id of [DEFAULT_TENANT, ...configured.map(parseTenantId)]) await tenants.open(id, defaults)
    for (const id of stored) await tenants.open(id, { mesh: false, hostnameGenerators: false })
  }

  async #serveKds(service: KdsService, zones: ZoneAuthenticator, certificate: ServedCertificate): Promise<number> {
    const { listen: host, kdsPort: port, kdsTls, maxMsgSize, keepaliveMs } = this.#config
    const { clock, log } = this.#ports
    const server = new GrpcServer<PeerIdentity>({
      authenticate: (metadata) => zones.authenticate(metadata),
      ...(kdsTls && { tls: certificate.pair }),
      messageBytesMax: maxMsgSize,
      keepaliveMs: { time: keepaliveMs, timeout: keepaliveMs },
      clock,
      log,
    })
    server.stream(KDS.GlobalToZoneSync, (peer, duplex) => service.globalToZone(peer, duplex))
    server.stream(KDS.ZoneToGlobalSync, (peer, duplex) => service.zoneToGlobal(peer, duplex))
    for (const rpc of ['StreamXDSConfigs', 'StreamStats', 'StreamClusters'] as const) {
      server.stream(KDS[rpc], (peer, duplex) => service.adminStream(peer, rpc, duplex))
    }
    server.unary(KDS.HealthCheck, (peer) => {
      service.healthCheck(peer)
      return { intervalMs: undefined }
    })
    certificate.servedBy(server)
    const bound = await server.listen({ host, port })
    this.#lifecycle.onStop(async () => {
      // Insights are closed as the streams end; the server lets go of peers that do not take their end.
      const closed = service.stop()
      await server.stop(STOP_GRACE_MS)
      await closed
    })
    return bound.port
  }

  /** In plaintext and over TLS, the same APIs. */
  async #serveApi(
    tenants: TenantDirectory,
    elsewhere: TenantHandoffOptions['elsewhere'],
    certificate: ServedCertificate,
  ): Promise<{ apiHttp: number; apiHttps: number }> {
    const options: ApiListenerOptions = {
      ...this.#ports,
      config: this.#config,
      instanceId: this.#instanceId,
      tenants,
      sessions: this.#sessions,
      relay: this.#relay,
      elsewhere,
    }
    const http = await apiListener(options)
    await this.#lifecycle.run(http)
    const https = await apiListener(options, certificate.pair)
    certificate.servedBy(https)
    await this.#lifecycle.run(https)
    return { apiHttp: http.port, apiHttps: https.port }
  }

  async #serveDiagnostics(status: SyncStatus, refused: RefusedZones): Promise<number> {
    const { listen: host, diagnosticsPort: port, diagnosticsToken: token } = this.#config
    const { clock, log } = this.#ports
    const server = new HttpServer({ name: 'diagnostics', host, port, clock, log })
    addDiagnostics(server.fastify, {
      ready: () => this.#ready,
      metrics: () => this.#metrics.expose(),
      hops: this.#hops,
      status: async () => ({ zones: await status.rows(), refused: refused.list() }),
      untilSynced: (timeoutMs, signal, tenant) => status.untilSynced(timeoutMs, signal, tenant),
      token,
    })
    await this.#lifecycle.run(server)
    return server.port
  }

  /** The default control plane's to the file that is configured, each other one's beside it, with its id at the end. */
  async #writeAdminTokens(tenants: TenantDirectory): Promise<void> {
    const { adminTokenFile } = this.#config
    if (adminTokenFile === '') return
    for (const { id, store } of tenants.all()) {
      // A manager's control planes are reached by way of the manager.
      if (id !== DEFAULT_TENANT && this.#config.platformTokenFile !== '') continue
      const secret = await store.get(ADMIN_USER_TOKEN)
      const file = id === DEFAULT_TENANT ? adminTokenFile : `${adminTokenFile}.${id}`
      if (secret) writeFileSync(file, secretData(secret), { mode: 0o600 })
    }
  }
}
