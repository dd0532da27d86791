import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { type GlobalEndpoints, GlobalProcess } from '../../../src/global/compose.js'
import { type GlobalConfig, readGlobalConfig } from '../../../src/global/config.js'
import type { Json, JsonObject } from '../../../src/model/json.js'
import { ZoneProcess } from '../../../src/zone/compose.js'
import { readZoneConfig, type ZoneConfig } from '../../../src/zone/config.js'
import type { ZoneEndpoints } from '../../../src/zone/process-ports.js'

const PORTS = { clock: systemClock, random: systemRandom, log: silentLogger }

/** Real control planes of one test, inline, on free ports; everything that was started is stopped at its end. */
export class ControlPlanes {
  readonly directory = mkdtempSync(join(tmpdir(), 'zonelab-kds-'))
  readonly #running = new Set<Running>()

  async global(settings: Partial<GlobalConfig> = {}): Promise<RunningGlobal> {
    const file = { ...OPEN_PORTS_GLOBAL, kdsTls: false, kdsAuth: 'none', ...settings }
    const process = new GlobalProcess(readGlobalConfig({ file, env: {} }).values, PORTS)
    const endpoints = await process.start()
    const api = new Api(endpoints.apiHttp)
    return this.#keep({ process, endpoints, api, address: `grpc://127.0.0.1:${endpoints.kds}` })
  }

  async zone(zoneName: string, globalAddress: string, settings: Partial<ZoneConfig> = {}): Promise<RunningZone> {
    const fast = { backoffBaseMs: 20, backoffCapMs: 50, zoneProxy: false, dpAuth: 'none' }
    const file = { ...OPEN_PORTS_ZONE, ...fast, zoneName, globalAddress, ...settings }
    const process = new ZoneProcess(readZoneConfig({ file, env: {} }).values, PORTS)
    const endpoints = await process.start()
    return this.#keep({ process, endpoints, api: new Api(endpoints.apiHttp) })
  }

  /** A path in a directory that goes with the test. */
  file(name: string, text?: string): string {
    const path = join(this.directory, name)
    if (text !== undefined) writeFileSync(path, text)
    return path
  }

  async close(): Promise<void> {
    for (const { process } of [...this.#running].reverse()) await process.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }

  #keep<R extends Running>(running: R): R {
    this.#running.add(running)
    return running
  }
}

interface Running {
  readonly process: { stop(): Promise<void> }
}

export interface RunningGlobal extends Running {
  readonly endpoints: GlobalEndpoints
  readonly api: Api
  /** Where zones dial, without TLS. */
  readonly address: string
}

export interface RunningZone extends Running {
  readonly endpoints: ZoneEndpoints
  readonly api: Api
}

const OPEN_PORTS_GLOBAL = { apiHttpPort: 0, apiHttpsPort: 0, diagnosticsPort: 0, kdsPort: 0, logLevel: 'silent' }
const OPEN_PORTS_ZONE = {
  apiHttpPort: 0,
  apiHttpsPort: 0,
  diagnosticsPort: 0,
  dpServerPort: 0,
  bootstrapPort: 0,
  logLevel: 'silent',
}

/** A control plane's REST API, spoken to from localhost, which is the admin. */
export class Api {
  readonly #base: string

  constructor(port: number, prefix = '') {
    this.#base = `http://127.0.0.1:${port}${prefix}`
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: JsonObject }> {
    const answer = await fetch(this.#base + path)
    return { status: answer.status, body: (await answer.json()) as JsonObject }
  }

  async put(path: string, body: Json): Promise<number> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(this.#base + path, { method: 'PUT', headers, body: JSON.stringify(body) })
    if (answer.status >= 300) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status
  }

  async delete(path: string): Promise<number> {
    const answer = await fetch(this.#base + path, { method: 'DELETE' })
    await answer.arrayBuffer()
    return answer.status
  }

  async text(path: string, body: Json): Promise<string> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(this.#base + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`)
    return answer.text()
  }

  /** Display names of a list's items. */
  async names(path: string): Promise<readonly string[]> {
    const { body } = await this.get(path)
    const items = (body.items ?? []) as readonly { name: string; labels?: Record<string, string> }[]
    return items.map(({ name, labels }) => labels?.['kuma.io/display-name'] ?? name).sort()
  }
}

/** The whole time that a step of a test may take before it has failed: far beyond what a machine full of other work needs. */
const WITHIN_MS = 60_000
const LOOK_EVERY_MS = 10

/** What sockets bring is waited for, never slept for: resolves with the first value that `look` does not refuse with undefined. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + WITHIN_MS
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (Date.now() > until) throw new Error(`not within ${WITHIN_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Whether a global believes a zone to be online, by its overview as kumactl reads it. */
export async function isOnline(api: Api, zone: string): Promise<boolean | undefined> {
  const { status, body } = await api.get(`/zones/${zone}/_overview`)
  if (status !== 200) return undefined
  const insight = (body.zoneInsight ?? {}) as { subscriptions?: readonly JsonObject[] }
  return (insight.subscriptions ?? []).some(({ connectTime, disconnectTime }) => connectTime && !disconnectTime)
}

export function whenOnline(api: Api, zone: string, online = true): Promise<true> {
  return eventually(`${zone} is ${online ? 'online' : 'offline'}`, async () =>
    (await isOnline(api, zone)) === online ? true : undefined,
  )
}

export function whenNamed(api: Api, path: string, name: string, there = true): Promise<true> {
  return eventually(`${path} ${there ? 'has' : 'has not'} ${name}`, async () =>
    (await api.names(path)).includes(name) === there ? true : undefined,
  )
}

export const MESH_TIMEOUTS = '/meshes/default/meshtimeouts'

export function timeout(name: string, connectionTimeout = '5s'): JsonObject {
  return {
    type: 'MeshTimeout',
    mesh: 'default',
    name,
    spec: { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout } }] },
  }
}

export function dataplane(name: string, workload = 'backend'): JsonObject {
  return {
    type: 'Dataplane',
    mesh: 'default',
    name,
    labels: { 'kuma.io/workload': workload },
    networking: { address: '127.0.0.1', inbound: [{ port: 8080, tags: {} }] },
  }
}
