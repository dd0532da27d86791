import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.js'
import { pinoLogger } from '../../../src/base/pino-logger.js'
import { systemRandom } from '../../../src/base/random.js'
import { type GlobalEndpoints, GlobalProcess } from '../../../src/global/compose.js'
import { readGlobalConfig } from '../../../src/global/config.js'
import { ZoneProcess } from '../../../src/zone/compose.js'
import { readZoneConfig } from '../../../src/zone/config.js'
import type { ZoneEndpoints } from '../../../src/zone/process-ports.js'
import { freePortRange } from './free-ports.js'
import { KdsTap } from './kds-tap.js'
import { KumaCp, type KumaCpOptions } from './kuma-cp.js'
import { Rest } from './rest.js'

type Env = Readonly<Record<string, string>>

export interface OurControlPlane<Endpoints> {
  readonly rest: Rest
  readonly endpoints: Endpoints
  stop(): Promise<void>
}
export type OurGlobal = OurControlPlane<GlobalEndpoints>
export type OurZone = OurControlPlane<ZoneEndpoints>

/** Ports that a zone proxy of ours may open: ingress, egress and one for each exported port. */
const ZONE_PROXY_PORTS = 10

const ANY_PORTS: Env = {
  KUMA_API_SERVER_HTTP_PORT: '0',
  KUMA_API_SERVER_HTTPS_PORT: '0',
  KUMA_DIAGNOSTICS_SERVER_PORT: '0',
}

/** Everything that one test file starts, in one temporary directory. Ended in reverse. */
export class World {
  readonly dir = mkdtempSync(join(tmpdir(), 'zonelab-interop-'))
  readonly #stops: (() => Promise<void>)[] = []
  #count = 0

  /** Our global, without zone authentication as stock Kuma needs it. */
  async global(env: Env = {}): Promise<OurGlobal> {
    const settings = {
      ...ANY_PORTS,
      KUMA_MULTIZONE_GLOBAL_KDS_AUTH_TYPE: 'none',
      KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED: 'false',
      KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT: '0',
      ...env,
    }
    const { values } = readGlobalConfig({ env: settings })
    return this.#ours(new GlobalProcess(values, this.#ports('global')))
  }

  async zone(name: string, globalAddress: string, env: Env = {}): Promise<OurZone> {
    const settings = {
      ...ANY_PORTS,
      KUMA_MULTIZONE_ZONE_NAME: name,
      KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS: globalAddress,
      KUMA_DP_SERVER_PORT: '0',
      ZONELAB_BOOTSTRAP_PORT: '0',
      ZONELAB_ZONE_PROXY_PORT: String(await freePortRange(ZONE_PROXY_PORTS)),
      KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: 'none',
      ...env,
    }
    const { values } = readZoneConfig({ env: settings })
    return this.#ours(new ZoneProcess(values, this.#ports(name)))
  }

  async kumaGlobal(options: Partial<KumaCpOptions> = {}): Promise<KumaCp> {
    return this.#kuma({ mode: 'global', name: 'kuma-global', ...options })
  }

  async kumaZone(name: string, globalAddress: string, options: Partial<KumaCpOptions> = {}): Promise<KumaCp> {
    return this.#kuma({ mode: 'zone', name, globalAddress, ...options })
  }

  async tap(targetPort: number): Promise<KdsTap> {
    const tap = await KdsTap.start(targetPort)
    this.#stops.push(() => tap.stop())
    return tap
  }

  /** A fresh path below the world's directory. */
  path(name: string): string {
    this.#count += 1
    return join(this.dir, `${this.#count}-${name}`)
  }

  onStop(stop: () => Promise<void>): void {
    this.#stops.push(stop)
  }

  /** Set ZONELAB_INTEROP_KEEP to look at the logs afterwards. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
    if (!process.env.ZONELAB_INTEROP_KEEP) rmSync(this.dir, { recursive: true, force: true })
  }

  async #ours<E extends { readonly apiHttp: number }>(process: {
    start(): Promise<E>
    stop(): Promise<void>
  }): Promise<OurControlPlane<E>> {
    const endpoints = await process.start()
    const stop = () => process.stop()
    this.#stops.push(stop)
    return { rest: new Rest(endpoints.apiHttp), endpoints, stop }
  }

  async #kuma(options: Omit<KumaCpOptions, 'dir'>): Promise<KumaCp> {
    const cp = await KumaCp.start({ ...options, dir: this.path(options.name) })
    this.#stops.push(() => cp.stop())
    return cp
  }

  #ports(name: string) {
    const fd = openSync(this.path(`${name}.log`), 'a')
    return { clock: systemClock, random: systemRandom, log: pinoLogger({ level: 'info', fd }) }
  }
}
