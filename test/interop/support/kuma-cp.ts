import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from './child.js'
import { eventually } from './eventually.js'
import { freePort } from './free-ports.js'
import { pathOf } from './peers.js'
import { Rest } from './rest.js'

export interface KumaCpOptions {
  readonly mode: 'global' | 'zone'
  /** The zone's name; for a global only a word in file names. */
  readonly name: string
  /** Its work directory: certificates, log. */
  readonly dir: string
  /** A zone's; absent: it stands alone. */
  readonly globalAddress?: string
  readonly env?: Readonly<Record<string, string>>
}

/** It is ready in a third of a second on an idle machine. */
const READY_WITHIN_MS = 30_000

/** A real kuma-cp with an in-memory store. Its API is on loopback; its other listeners know no interface setting. */
export class KumaCp {
  readonly rest: Rest
  readonly diagnostics: Rest
  readonly kdsPort: number
  readonly dpPort: number
  readonly child: Child
  readonly dir: string

  private constructor(child: Child, dir: string, ports: Ports) {
    this.child = child
    this.dir = dir
    this.rest = new Rest(ports.api)
    this.diagnostics = new Rest(ports.diagnostics)
    this.kdsPort = ports.kds
    this.dpPort = ports.dp
  }

  static async start(options: KumaCpOptions): Promise<KumaCp> {
    const [api, diagnostics, interCp, kds, dp] = await fivePorts()
    const ports = { api, diagnostics, kds, dp }
    mkdirSync(options.dir, { recursive: true })
    const child = new Child({
      program: pathOf('KUMA_CP'),
      args: ['run', '--log-level', 'info'],
      logFile: join(options.dir, 'kuma-cp.log'),
      env: {
        HOME: options.dir,
        KUMA_ENVIRONMENT: 'universal',
        KUMA_STORE_TYPE: 'memory',
        KUMA_GENERAL_WORK_DIR: options.dir,
        KUMA_API_SERVER_HTTP_INTERFACE: '127.0.0.1',
        KUMA_API_SERVER_HTTP_PORT: String(api),
        KUMA_API_SERVER_HTTPS_ENABLED: 'false',
        KUMA_DIAGNOSTICS_SERVER_PORT: String(diagnostics),
        KUMA_INTER_CP_SERVER_PORT: String(interCp),
        KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS: '127.0.0.1',
        KUMA_DP_SERVER_PORT: String(dp),
        KUMA_MONITORING_ASSIGNMENT_SERVER_ENABLED: 'false',
        ...modeEnv(options, kds),
        ...options.env,
      },
    })
    const cp = new KumaCp(child, options.dir, ports)
    await eventually(READY_WITHIN_MS, async () => {
      if (!child.running) throw new Error(`kuma-cp ${options.name} ended: ${child.log().slice(-2_000)}`)
      const { status } = await cp.diagnostics.send('GET', '/ready')
      if (status !== 200) throw new Error(`kuma-cp ${options.name} is not ready`)
    })
    return cp
  }

  /** Sum of a counter over the series whose labels include all of `labels`. */
  async counter(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
    return counterIn((await this.diagnostics.send('GET', '/metrics')).text, name, labels)
  }

  stop(): Promise<void> {
    return this.child.stop()
  }
}

/** Reads Prometheus' text format. */
export function counterIn(metrics: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

interface Ports {
  readonly api: number
  readonly diagnostics: number
  readonly kds: number
  readonly dp: number
}

async function fivePorts(): Promise<[number, number, number, number, number]> {
  return [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()]
}

function modeEnv(options: KumaCpOptions, kds: number): Record<string, string> {
  if (options.mode === 'global') {
    return {
      KUMA_MODE: 'global',
      KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT: String(kds),
      KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED: 'false',
    }
  }
  return {
    KUMA_MODE: 'zone',
    KUMA_MULTIZONE_ZONE_NAME: options.name,
    ...(options.globalAddress && { KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS: options.globalAddress }),
    KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: 'none',
  }
}
