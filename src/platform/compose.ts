import { readFileSync } from 'node:fs'
import { isLoopbackHost } from '../auth/localhost.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { Hops } from '../base/hops.js'
import { Lifecycle } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { PromMetrics } from '../base/prom-metrics.js'
import type { Random } from '../base/random.js'
import { openRecords } from '../store/open-records.js'
import type { RecordStore } from '../store/records.js'
import { storePlace } from '../store/store-place.js'
import { addDiagnostics } from '../transport/http/diagnostics.js'
import { HttpServer } from '../transport/http/server.js'
import { ServedCertificate } from '../transport/served-certificate.js'
import { AdmissionFeeds } from './admission-feeds.js'
import { bootstrap } from './bootstrap.js'
import type { PlatformConfig } from './config.js'
import { ControlPlanes } from './control-planes.js'
import { LastUse } from './last-use.js'
import { operatorRoutes } from './operator-routes.js'
import { managerPlugin } from './plugin.js'
import { Provisioning } from './provision-zone.js'
import { Reconciler } from './reconciler.js'
import { RefusedCalls } from './refused-calls.js'
import type { Manager } from './route.js'
import { ShardClient } from './shard-client.js'
import { shardRoutes } from './shard-routes.js'
import { readShards, type Shard } from './shards.js'
import { ZoneEvents } from './zone-events.js'

export interface ProcessPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Called once when the disk fails under way. Stop the process and exit non-zero. */
  readonly onFatal?: (error: AppError) => void
}

/** `diagnostics`, and the port of each region's API by its name. */
export type PlatformEndpoints = Readonly<Record<string, number>>

/** The control-plane manager: where its ports meet their implementations. */
export class PlatformProcess {
  readonly #config: PlatformConfig
  readonly #ports: ProcessPorts
  readonly #metrics = new PromMetrics('platform')
  readonly #lifecycle: Lifecycle
  #ready = false

  constructor(config: PlatformConfig, ports: ProcessPorts) {
    this.#config = config
    this.#ports = ports
    this.#lifecycle = new Lifecycle(ports.log)
  }

  /** A failed start stops what had started. */
  async start(): Promise<PlatformEndpoints> {
    return this.#lifecycle.starting(() => this.#start())
  }

  async stop(): Promise<void> {
    this.#ready = false
    await this.#lifecycle.stop()
  }

  async #start(): Promise<PlatformEndpoints> {
    const { clock, random, log } = this.#ports
    checkExposure(this.#config)
    const shards = readShards(this.#config.shards)
    const regions = readRegions(this.#config.regions)
    const store = await this.#openStore()
    const organizations = this.#config.organizations.split(',').filter((name) => name !== '')
    await bootstrap({ store, clock, random, organizations, tokenFile: this.#config.adminTokenFile })
    const clients = this.#clients(shards)
    const controlPlanes = new ControlPlanes({
      ...{ store, shards: clients, clock, random, log },
      onHalf: () => reconciler.wake(),
    })
    const provisioning = new Provisioning({ ...this.#ports, shardOf: (one) => controlPlanes.shardOf(one) })
    const feeds = new AdmissionFeeds({ store, shards: shards.map(({ name }) => name), clock, log })
    await feeds.start()
    this.#lifecycle.onStop(() => feeds.stop())
    const lastUse = new LastUse({ store, clock, log })
    this.#lifecycle.onStop(() => lastUse.flush())
    const refusedCalls = new RefusedCalls({ store, controlPlanes, clock, log })
    this.#lifecycle.onStop(() => refusedCalls.settled())
    const reconciler: Reconciler = new Reconciler({
      ...{ store, controlPlanes, provisioning, shards: clients, clock, log },
    })
    this.#lifecycle.onStop(() => reconciler.stop())
    await reconciler.start()
    const manager: Manager = { store, controlPlanes, provisioning, feeds, clock, random }
    const events = new ZoneEvents({ store, controlPlanes, provisioning, lastUse, clock })
    const api: Record<string, number> = {}
    const certificate = await this.#certificate()
    for (const [region, port] of regions) {
      const listener = { name: `api-${region}`, host: this.#config.listen, port, tls: certificate?.pair }
      const server = new HttpServer({ ...listener, clock, log })
      certificate?.servedBy(server)
      await server.fastify.register(managerPlugin, { manager, region, lastUse, refusedCalls, log })
      const own = shards.filter((shard) => shard.region === region)
      const onReader = (shard: string) => reconciler.sweep(shard)
      await server.fastify.register(shardRoutes, { shards: own, feeds, events, onReader, log })
      await this.#lifecycle.run(server)
      api[region] = server.port
    }
    const diagnostics = await this.#serveDiagnostics(store, controlPlanes)
    this.#ready = true
    return { ...api, diagnostics }
  }

  async #certificate(): Promise<ServedCertificate | undefined> {
    const { tls, tlsCertFile: certFile, tlsKeyFile: keyFile, listen } = this.#config
    if (!tls) return undefined
    return this.#lifecycle.run(new ServedCertificate({ ...this.#ports, certFile, keyFile, hosts: [listen] }))
  }

  async #openStore(): Promise<RecordStore> {
    const onFatal = (error: AppError) => {
      this.#ready = false
      this.#ports.onFatal?.(error)
    }
    const { clock, random, log } = this.#ports
    const { postgresMaxOpenConnections: connectionsMax } = this.#config
    const store = await openRecords(storePlace(this.#config), { clock, random, log, onFatal, connectionsMax })
    this.#lifecycle.onStop(() => store.close())
    return store
  }

  #clients(shards: readonly Shard[]): ReadonlyMap<string, ShardClient> {
    const { shardCaFile } = this.#config
    const ca = shardCaFile === '' ? undefined : readFileSync(shardCaFile, 'utf8')
    const clients = new Map(shards.map((shard) => [shard.name, new ShardClient(shard, this.#ports.clock, ca)]))
    this.#lifecycle.onStop(() => {
      for (const client of clients.values()) client.close()
    })
    return clients
  }

  async #serveDiagnostics(store: RecordStore, controlPlanes: ControlPlanes): Promise<number> {
    const { listen: host, diagnosticsPort: port, diagnosticsToken: token } = this.#config
    const { clock, log } = this.#ports
    const server = new HttpServer({ name: 'diagnostics', host, port, clock, log })
    addDiagnostics(server.fastify, {
      ready: () => this.#ready,
      metrics: () => this.#metrics.expose(),
      hops: new Hops(clock),
      status: async () => ({}),
      untilSynced: async () => ({}),
      token,
    })
    if (token !== '') await server.fastify.register(operatorRoutes, { store, controlPlanes, token, log })
    await this.#lifecycle.run(server)
    return server.port
  }
}

/** Tokens of people and accounts come in here. Throws `guard-rail`. */
function checkExposure({ tls, listen, insecure }: PlatformConfig): void {
  if (tls || insecure || isLoopbackHost(listen)) return
  const text = `access tokens arrive without TLS, and ${listen} is open to others; add --insecure true if that is meant`
  throw new AppError('guard-rail', text)
}

const REGION = /^([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)=(\d{1,5})$/

/** Throws `invalid-argument`. */
function readRegions(setting: string): readonly (readonly [string, number])[] {
  return setting.split(',').map((part) => {
    const [, region, port] = REGION.exec(part) ?? []
    if (region === undefined) throw new AppError('invalid-argument', `regions: "${part}": expected REGION=PORT`)
    return [region, Number(port)] as const
  })
}
