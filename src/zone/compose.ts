import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ApiOptions } from '../api/options.js'
import { apiPlugin } from '../api/plugin.js'
import { accessRules } from '../auth/access-settings.js'
import { signingKeyDraft } from '../auth/bootstrap-secrets.js'
import {
  type ClaimedDataplane,
  type DataplaneAuthenticator,
  dataplaneTokenAuthenticator,
  openDataplaneAuthenticator,
} from '../auth/dataplane-authenticator.js'
import { TenantTrust } from '../auth/tenant-trust.js'
import { dataplaneKeys } from '../auth/token-secrets.js'
import { tokenSources } from '../auth/token-settings.js'
import { UserAuthenticator } from '../auth/user-authenticator.js'
import { AppError } from '../base/errors.js'
import { Hops } from '../base/hops.js'
import { Lifecycle } from '../base/lifecycle.js'
import { exposeProcess, exposeVersion } from '../base/process-metrics.js'
import { PromMetrics } from '../base/prom-metrics.js'
import { describeSettings } from '../base/settings.js'
import { exposeLeader } from '../insights/leader-metrics.js'
import { closeLeftOpen } from '../insights/subscription-list.js'
import { ZoneInsight } from '../insights/zone.js'
import { rfc1035LabelFaults } from '../model/dns-names.js'
import type { JsonObject } from '../model/json.js'
import { DEFAULT_TENANT } from '../model/tenant.js'
import { openStore } from '../store/open-store.js'
import { othersPresent, type Peers } from '../store/peers.js'
import type { TenantStore } from '../store/store.js'
import { storePlace, storeType } from '../store/store-place.js'
import { CONTROL_PLANE_VERSION } from '../sync/sync-node.js'
import type { View } from '../sync/view.js'
import { GrpcServer } from '../transport/grpc/server.js'
import { addDiagnostics } from '../transport/http/diagnostics.js'
import { HttpServer } from '../transport/http/server.js'
import { ServedCertificate } from '../transport/served-certificate.js'
import { DeltaAggregatedResources } from '../wire/xds-service.js'
import { proxyAdmin, proxyConfig, tokenIssuer } from './api-ports.js'
import { addBootstrap } from './bootstrap.js'
import { ZONE_SETTINGS, type ZoneConfig } from './config.js'
import { DataplaneLifecycle } from './dataplane-lifecycle.js'
import { addFaultRoutes } from './fault-routes.js'
import { GlobalLink } from './global-link.js'
import { checkTokenDelivery, GlobalDialer } from './grpc-connection.js'
import { bestIdentity } from './identity/selection.js'
import { namesByWorkload } from './identity/spiffe-id.js'
import { WorkloadCertificates } from './identity/workload-certificates.js'
import { InspectResponder } from './inspect-responder.js'
import { LeaderJobs } from './leader-jobs.js'
import { LinkFaults } from './link-faults.js'
import { type GlobalConnection, LinkSession } from './link-session.js'
import { MeshMirror } from './mesh-mirror.js'
import { mirroredStore } from './mirrored-store.js'
import { ensureOwnResources, writeAdminToken } from './own-resources.js'
import type { ProcessPorts, ZoneEndpoints } from './process-ports.js'
import { SidecarSnapshots } from './sidecar-snapshots.js'
import { ZoneSyncStatus } from './sync-status.js'
import { startUpwardView } from './upward-view.js'
import { XdsService } from './xds-service.js'

/** How long streams may take to see their end when the process stops. */
const STOP_GRACE_MS = 2_000

/** A zone control plane: where its ports meet their implementations. */
export class ZoneProcess {
  readonly #config: ZoneConfig
  readonly #ports: ProcessPorts
  readonly #metrics: PromMetrics
  readonly #hops: Hops
  readonly #instanceId: string
  readonly #federated: boolean
  readonly #certificate: ServedCertificate
  readonly #lifecycle: Lifecycle
  readonly #faults: LinkFaults
  #link: GlobalLink | undefined
  /** Other instances of this zone over the same database. */
  #peers: Peers | undefined
  #ready = false

  constructor(config: ZoneConfig, ports: ProcessPorts) {
    this.#config = config
    this.#ports = ports
    this.#metrics = new PromMetrics(config.zoneName)
    exposeProcess(this.#metrics)
    this.#lifecycle = new Lifecycle(ports.log)
    this.#hops = ports.hops ?? new Hops(ports.clock)
    this.#instanceId = `${hostname()}-${ports.random.uuid().slice(0, 4)}`
    exposeVersion(this.#metrics, { ...CONTROL_PLANE_VERSION, instanceId: this.#instanceId })
    this.#federated = config.globalAddress !== ''
    const { zoneName: zone, maxMsgSize } = config
    this.#faults = new LinkFaults({ zone, clock: ports.clock, oversizeBytes: maxMsgSize + 1 })
    this.#lifecycle.onStop(() => this.#faults.stop())
    const { tlsCertFile: certFile, tlsKeyFile: keyFile, listen } = config
    this.#certificate = new ServedCertificate({ ...ports, certFile, keyFile, hosts: [listen] })
  }

  /** Opens the store, then what works on it, then the listeners, and dials the global last. A failed start stops what had started. */
  async start(): Promise<ZoneEndpoints> {
    return this.#lifecycle.starting(() => this.#start())
  }

  async stop(): Promise<void> {
    this.#ready = false
    await this.#lifecycle.stop()
  }

  /** The store acknowledges nothing any more: this process is not ready again, and its owner is to end it. */
  #failed(error: AppError): void {
    this.#ready = false
    this.#ports.onFatal?.(error)
  }

  async #start(): Promise<ZoneEndpoints> {
    const { clock, random, log } = this.#ports
    const { zoneName: zone, dataplaneGraceMs: graceMs } = this.#config
    this.#check()
    await this.#lifecycle.run(this.#certificate)
    const store = await this.#openStore()
    const trust = new TenantTrust({ store, sources: tokenSources(this.#config), clock, random, log })
    this.#lifecycle.onStop(() => trust.close())
    await ensureOwnResources(store, trust, this.#config, this.#federated)
    const livesStill = await othersPresent(this.#peers, this.#instanceId)
    for (const type of ['ZoneInsight', 'DataplaneInsight'] as const) {
      await closeLeftOpen(store, type, clock.nowMs(), livesStill)
    }
    await writeAdminToken(store, this.#config.adminTokenFile)
    const mirror = await this.#lifecycle.run(new MeshMirror({ ...this.#ports, store }))
    const certificates = await this.#lifecycle.run(new WorkloadCertificates({ mirror, zone, clock, log }))
    const snapshots = await this.#lifecycle.run(new SidecarSnapshots({ mirror, certificates, zone, clock, log }))
    const near = this.#peers ? store : mirroredStore(store, mirror)
    const jobs = new LeaderJobs({ config: this.#config, store: near, mirror, peers: this.#peers, clock, log })
    exposeLeader(this.#metrics, jobs, this.#config.reportResourcesCount)
    const lifecycle = new DataplaneLifecycle({ store: near, zone, instanceId: this.#instanceId, clock, log, graceMs })
    this.#lifecycle.onStop(() => lifecycle.stop())
    const authenticator = this.#dataplaneAuthenticator(trust, mirror)
    const xds: XdsService = new XdsService({
      ...this.#ports,
      store: near,
      snapshots,
      lifecycle,
      authenticator,
      tenant: this.#tenant,
      zone,
      instanceId: this.#instanceId,
      insightFlushMs: this.#config.insightFlushMs,
      metrics: this.#metrics,
      hops: this.#hops,
      onProgress: () => status.changed(),
    })
    const sessions = () => xds.sessions
    const status = new ZoneSyncStatus({
      tenant: this.#tenant,
      zone,
      clock,
      sessions,
      snapshots,
      jobs,
      link: () => this.#link,
    })
    const responder = new InspectResponder({ sessions, clock, messageBytesMax: this.#config.maxMsgSize })
    const xdsPort = await this.#serveXds(xds)
    const bootstrap = await this.#serveBootstrap(store, lifecycle, authenticator, xdsPort)
    const apis = await this.#serveApi(this.#apiOptions(store, trust, responder, snapshots))
    const diagnostics = await this.#serveDiagnostics(status)
    if (this.#federated) this.#link = await this.#makeLink(jobs, mirror, responder, () => status.changed())
    this.#lifecycle.onStop(() => jobs.stop())
    await jobs.begin(this.#link)
    this.#ready = true
    return { ...apis, xds: xdsPort, bootstrap, diagnostics }
  }

  /** What no later part would refuse before the first zone call (Kuma: `pkg/config/multizone/kds.go`). */
  #check(): void {
    const { zoneName } = this.#config
    const [fault] = rfc1035LabelFaults(zoneName)
    if (fault !== undefined)
      throw new AppError('invalid-argument', `the zone name ${JSON.stringify(zoneName)}: ${fault}`)
    if (this.#federated) checkTokenDelivery(this.#config)
  }

  async #openStore(): Promise<TenantStore> {
    if (this.#ports.store) return this.#ports.store
    const onFatal = (error: AppError) => this.#failed(error)
    const { postgresMaxOpenConnections: connectionsMax } = this.#config
    const shared = { connectionsMax, instance: this.#instanceId }
    const options = { ...this.#ports, ...shared, synchronous: 'NORMAL', onFatal } as const
    const resources = await openStore(storePlace(this.#config), options)
    this.#peers = resources.peers
    this.#lifecycle.onStop(() => resources.close())
    return resources.tenant(DEFAULT_TENANT)
  }

  /** What the zone's control plane at the global is called here: the zone has one tenant of its own, whatever that is. */
  get #tenant(): string {
    return this.#config.cpId === '' ? DEFAULT_TENANT : this.#config.cpId
  }

  #dataplaneAuthenticator(trust: TenantTrust, mirror: MeshMirror): DataplaneAuthenticator {
    const { clock, log } = this.#ports
    if (this.#config.dpAuth === 'none') return openDataplaneAuthenticator(log)
    const trustOf = (mesh: string) => trust.dataplane(mesh)
    const identityFromWorkload = ({ mesh, labels }: ClaimedDataplane) => {
      const identity = bestIdentity(labels, mirror.of(mesh, 'MeshIdentity').values())
      return identity !== undefined && namesByWorkload(identity)
    }
    return dataplaneTokenAuthenticator({ trustOf, identityFromWorkload, clock, log })
  }

  async #makeLink(
    jobs: LeaderJobs,
    mirror: MeshMirror,
    responder: InspectResponder,
    onChange: () => void,
  ): Promise<GlobalLink> {
    const { zoneName: zone, backoffBaseMs: baseMs, backoffCapMs: capMs, tokenPath, tokenInline } = this.#config
    const { clock, random, log, onLink } = this.#ports
    const dial = this.#ports.dial ?? this.#dialer()
    const { store } = jobs
    const view = await this.#upwardView(store, mirror)
    const insight = new ZoneInsight({
      store,
      zone,
      side: 'zone',
      instanceId: this.#instanceId,
      clock,
      log,
      flushIntervalMs: this.#config.insightFlushMs,
      subscriptionLimit: 10,
    })
    const link = new GlobalLink({
      onChange: () => {
        onChange()
        onLink?.(link.state.kind)
      },
      dial: (reports, before) =>
        new LinkSession({
          ...this.#ports,
          connect: dial,
          tenant: this.#tenant,
          zone,
          instanceId: this.#instanceId,
          config: JSON.stringify(this.#shownConfig()),
          store: jobs.store,
          view,
          insight,
          authTokenProvided: tokenPath !== '' || tokenInline !== '',
          serveAdmin: (rpc, duplex, onEnd) => responder.serve(rpc, duplex, onEnd),
          reports,
          before,
          hops: this.#hops,
        }),
      backoff: { baseMs, capMs, jitter: 0.5 },
      clock,
      random,
      log,
    })
    this.#lifecycle.onStop(() => insight.finish())
    return link
  }

  /** Through the faults of the link only where somebody can put them in: without a token nobody can. */
  #dialer(): () => GlobalConnection {
    const dialer = new GlobalDialer(this.#config, this.#ports.clock)
    if (this.#config.diagnosticsToken === '') return () => dialer.connect()
    return () => this.#faults.connect((expiredToken) => dialer.connect(expiredToken))
  }

  async #upwardView(store: TenantStore, mirror: MeshMirror): Promise<View> {
    const { zoneName: zone, maxMsgSize: messageBytesMax, labelsSkipPrefixes } = this.#config
    const skipPrefixes = labelsSkipPrefixes.split(',').filter((prefix) => prefix !== '')
    const { clock, random } = this.#ports
    const forgetful = storeType(storePlace(this.#config)) === 'memory'
    const view = await startUpwardView({
      store,
      mirror,
      zone,
      clock,
      random,
      metrics: this.#metrics,
      labels: { skipPrefixes },
      messageBytesMax,
      forgetful,
    })
    this.#lifecycle.onStop(() => view.stop())
    return view
  }

  async #serveXds(xds: XdsService): Promise<number> {
    const { listen: host, dpServerPort: port, maxMsgSize: messageBytesMax } = this.#config
    const { clock, log } = this.#ports
    const server = new GrpcServer<{ authorization: readonly string[] }>({
      // Whose stream it is, its first message says: the token is proved there, before anything is served.
      authenticate: async (metadata) => ({ authorization: metadata.values('authorization') }),
      tls: this.#certificate.pair,
      messageBytesMax,
      clock,
      log,
    })
    this.#certificate.servedBy(server)
    server.stream(DeltaAggregatedResources, (call, duplex) => void xds.serve(call, duplex))
    const bound = await server.listen({ host, port })
    this.#lifecycle.onStop(async () => {
      // Insights are closed as the streams end; the server lets go of sidecars that do not take their end.
      const closed = xds.stop()
      await server.stop(STOP_GRACE_MS)
      await closed
    })
    return bound.port
  }

  async #serveBootstrap(
    store: TenantStore,
    lifecycle: DataplaneLifecycle,
    authenticator: DataplaneAuthenticator,
    xdsPort: number,
  ): Promise<number> {
    const { caFile, dpAuth, bootstrapPort } = this.#config
    const caPem = caFile === '' ? '' : readFileSync(caFile, 'utf8')
    const server = this.#httpServer('bootstrap', bootstrapPort, this.#certificate)
    const tokenRequired = dpAuth === 'dpToken'
    addBootstrap(server.fastify, { store, lifecycle, authenticator, tokenRequired, caPem, xdsPort: () => xdsPort })
    return (await this.#lifecycle.run(server)).port
  }

  async #serveApi(options: ApiOptions): Promise<{ apiHttp: number; apiHttps: number }> {
    const { apiHttpPort, apiHttpsPort } = this.#config
    const http = this.#httpServer('api-http', apiHttpPort, undefined)
    const https = this.#httpServer('api-https', apiHttpsPort, this.#certificate)
    for (const server of [http, https]) {
      await server.fastify.register(apiPlugin, options)
      await this.#lifecycle.run(server)
    }
    return { apiHttp: http.port, apiHttps: https.port }
  }

  #httpServer(name: string, port: number, certificate: ServedCertificate | undefined): HttpServer {
    const { clock, log } = this.#ports
    const server = new HttpServer({ name, host: this.#config.listen, port, tls: certificate?.pair, clock, log })
    certificate?.servedBy(server)
    return server
  }

  #apiOptions(
    store: TenantStore,
    trust: TenantTrust,
    responder: InspectResponder,
    snapshots: SidecarSnapshots,
  ): ApiOptions {
    const { clock, log } = this.#ports
    const { localhostIsAdmin } = this.#config
    const users = new UserAuthenticator({ localhostIsAdmin, trust: trust.user, clock, log })
    return {
      cp: { mode: 'zone', zone: this.#config.zoneName },
      readOnly: false,
      unsafeDelete: false,
      info: {
        product: 'Kuma',
        version: `${CONTROL_PLANE_VERSION.version}-preview.zonelab`,
        instanceId: this.#instanceId,
        hostname: hostname(),
        gui: '',
        config: this.#shownConfig(),
      },
      access: accessRules(this.#config),
      clock,
      log,
      tenantStore: async () => store,
      authenticate: (caller) => users.authenticate(caller),
      tokens: tokenIssuer(trust, this.#config),
      proxies: proxyAdmin(responder),
      meshSecrets: async (mesh) => [await signingKeyDraft(dataplaneKeys(mesh))],
      proxyConfig: proxyConfig(snapshots),
    }
  }

  async #serveDiagnostics(status: ZoneSyncStatus): Promise<number> {
    const { diagnosticsPort, diagnosticsToken: token } = this.#config
    const server = this.#httpServer('diagnostics', diagnosticsPort, undefined)
    addDiagnostics(server.fastify, {
      ready: () => this.#ready,
      metrics: () => this.#metrics.expose(),
      hops: this.#hops,
      status: async () => status.rows(),
      untilSynced: (timeoutMs, signal) => status.untilSynced(timeoutMs, signal),
      token,
    })
    addFaultRoutes(server.fastify, this.#faults, token)
    return (await this.#lifecycle.run(server)).port
  }

  /** Shown at /config and told to the global, which reads `store.type` from it (kds.md trap 23). Secrets are masked. */
  #shownConfig(): JsonObject {
    const settings = describeSettings(ZONE_SETTINGS, this.#config) as JsonObject
    return { ...settings, mode: 'zone', environment: 'universal', store: { type: storeType(storePlace(this.#config)) } }
  }
}
