import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { Hops } from '../base/hops.js'
import { Lifecycle } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { exposeProcess } from '../base/process-metrics.js'
import { PromMetrics } from '../base/prom-metrics.js'
import type { Random } from '../base/random.js'
import type { ClientTrust } from '../transport/grpc/client-trust.js'
import { addDiagnostics } from '../transport/http/diagnostics.js'
import { HttpServer } from '../transport/http/server.js'
import { AdminServer } from './admin-server.js'
import type { DataplaneConfig } from './config.js'
import { Connections } from './connections.js'
import { Fleet } from './fleet.js'
import { type FleetMember, readFleetFile } from './fleet-file.js'
import { FleetStatus } from './fleet-status.js'

export interface ProcessPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export interface DataplaneEndpoints {
  readonly diagnostics: number
  /** All sidecars' admin interfaces, under `/proxies/{mesh}/{name}`. */
  readonly admin: number
  /** Each sidecar's own admin port, by `mesh/name`; empty without own ports. */
  readonly ownAdminPorts: ReadonlyMap<string, number>
}

/** The sidecars of one zone: where their ports meet their implementations. */
export class DataplaneProcess {
  readonly #config: DataplaneConfig
  readonly #ports: ProcessPorts
  readonly #hops: Hops
  readonly #lifecycle: Lifecycle

  constructor(config: DataplaneConfig, ports: ProcessPorts) {
    this.#config = config
    this.#ports = ports
    this.#lifecycle = new Lifecycle(ports.log)
    this.#hops = new Hops(ports.clock)
  }

  /**
   * Resolves when the listeners are open and the sidecars begin to start; `/ready` says when all have their first
   * configuration. Throws `invalid-argument` for a fleet file, CA or address that cannot be used, and `port-taken`.
   */
  async start(): Promise<DataplaneEndpoints> {
    return this.#lifecycle.starting(() => this.#start())
  }

  /** Sidecars say goodbye; then the listeners close. */
  async stop(): Promise<void> {
    await this.#lifecycle.stop()
  }

  async #start(): Promise<DataplaneEndpoints> {
    const { clock, log } = this.#ports
    const { zoneName: zone, adminPort: port, ownAdminPorts } = this.#config
    const members = readFleetFile(this.#config.fleetFile)
    const proxyOf = (id: string) => fleet.proxies.get(id)
    const ownPorts = new Map(ownAdminPorts ? members.map(ownPortOf) : [])
    const admin = new AdminServer({ port, ownPorts, proxyOf, clock, log })
    const fleet: Fleet = this.#fleet(members, admin, () => status.changed())
    const status: FleetStatus = new FleetStatus({ zone, clock, proxies: () => fleet.proxies.values() })
    await this.#lifecycle.run(admin)
    const diagnostics = await this.#serveDiagnostics(status)
    fleet.start()
    this.#lifecycle.onStop(() => fleet.stop())
    return { diagnostics, admin: admin.port, ownAdminPorts: admin.ownPorts }
  }

  #fleet(members: readonly FleetMember[], admin: AdminServer, onProgress: () => void): Fleet {
    const { clock, random, log } = this.#ports
    const { zoneName: zone, rampPerSecond, seed, tokenPath, proxiesPerConnection: perConnection } = this.#config
    const connections = new Connections({ ...this.#target(), perConnection, clock })
    return new Fleet({
      members,
      zone,
      rampPerSecond,
      seed: seed === 0 ? Math.floor(random.next() * 2 ** 32) : seed,
      connect: (tokenFile) => connections.open(tokenFile ?? tokenPath),
      adminPortOf: (id) => admin.ownPorts.get(id),
      clock,
      log,
      hops: this.#hops,
      onProgress,
    })
  }

  #target(): { readonly target: string; readonly trust: ClientTrust } {
    const { cpAddress, caFile, tlsSkipVerify } = this.#config
    const match = /^(https?|grpcs?):\/\/([^/]+:\d+)\/?$/.exec(cpAddress)
    const [, scheme = '', target = ''] = match ?? []
    if (!match) {
      const shown = JSON.stringify(cpAddress)
      throw new AppError('invalid-argument', `the zone's xDS address must be https://host:port, not ${shown}`)
    }
    if (scheme === 'http' || scheme === 'grpc') return { target, trust: { kind: 'plaintext' } }
    if (tlsSkipVerify) return { target, trust: { kind: 'skip-verify' } }
    return { target, trust: { kind: 'ca', caPem: caFile === '' ? undefined : readCa(caFile) } }
  }

  async #serveDiagnostics(status: FleetStatus): Promise<number> {
    const { listen: host, diagnosticsPort: port, diagnosticsToken: token, zoneName } = this.#config
    const { clock, log } = this.#ports
    const metrics = new PromMetrics(zoneName)
    exposeProcess(metrics)
    const server = new HttpServer({ name: 'diagnostics', host, port, clock, log })
    addDiagnostics(server.fastify, {
      ready: () => status.ready,
      metrics: () => metrics.expose(),
      hops: this.#hops,
      status: async () => ({ zone: zoneName, dataplanes: status.rows() }),
      untilSynced: (timeoutMs) => status.untilSynced(timeoutMs),
      token,
    })
    await this.#lifecycle.run(server)
    return server.port
  }
}

function ownPortOf({ mesh, name, adminPort }: FleetMember): [string, number] {
  return [`${mesh}/${name}`, adminPort]
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read the CA of the zone from ${file}`, { cause })
  }
}
