import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { type Random, systemRandom } from '../base/random.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import type { ApiClient } from './api-client.js'
import { assignPorts } from './assign-ports.js'
import { findComponent } from './components.js'
import { InlineRunner } from './inline.js'
import { apiClient, witnessesOf } from './lab-clients.js'
import type { LabSpec } from './lab-spec.js'
import type { ComponentView, LabView } from './lab-view.js'
import { labPaths } from './paths.js'
import { KUMA_PORTS, PortAllocator } from './ports.js'
import { itemPath } from './resource-paths.js'
import { shopTopology } from './shop.js'
import { Supervisor } from './supervisor.js'
import { untilSynced } from './sync-wait.js'

export interface StartLabOptions {
  /** Zones `zone-1` to `zone-N`. Default: 1. */
  readonly zones?: number
  /** Sidecars in each zone, dealt out over the shop's frontend, backend and database. Default: 3. */
  readonly dataplanes?: number
  /** How zones prove who they are; `sat` brings a platform. Default: `zone-token`. */
  readonly auth?: 'zone-token' | 'sat' | 'none'
  /** What the control planes log. Default: `silent`. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** A resource in Kuma's universal JSON. */
export interface ResourceBody {
  readonly type: ResourceType
  readonly name: string
  /** Default, for types that live in a mesh: `default`. */
  readonly mesh?: string
  readonly [field: string]: unknown
}

/** A zone of the lab. */
export interface LabZone {
  readonly name: string
  readonly api: ApiClient
  /** The zone's resources of a type, in every mesh. */
  list(type: ResourceType): Promise<readonly ResourceBody[]>
  /** What a sidecar runs with, in the form of Envoy's `/config_dump`. */
  configDump(sidecar: string, mesh?: string): Promise<unknown>
  kill(): Promise<void>
  start(): Promise<void>
}

const READY_WITHIN_MS = 30_000

/**
 * A whole lab in this process, over real sockets on free ports of loopback, its data in memory. Resolves when every zone
 * and sidecar is in sync. End it with `await using`, or with `stop`.
 */
export async function startLab(options: StartLabOptions = {}): Promise<TestLab> {
  const home = await mkdtemp(join(tmpdir(), 'zonelab-test-'))
  const paths = labPaths('test', { XDG_DATA_HOME: home })
  const spec = await inlineSpec(options, home)
  const { ports } = await assignPorts(home, spec, {}, [])
  const clock = systemClock
  const random: Random = systemRandom
  const supervisor = new Supervisor({
    paths,
    spec,
    ports,
    notices: [],
    clock,
    onChange: () => {},
    makeRunner: (group, onChange) =>
      new InlineRunner({ group, clock, random, logLevel: options.logLevel ?? 'silent', onChange }),
  })
  const lab = new TestLab(supervisor, home, clock)
  try {
    supervisor.prepare()
    await supervisor.startAll(() => {})
    await lab.untilSynced(READY_WITHIN_MS)
    return lab
  } catch (thrown) {
    await lab.stop()
    throw AppError.from(thrown)
  }
}

async function inlineSpec(
  { zones = 1, dataplanes = 3, auth = 'zone-token' }: StartLabOptions,
  home: string,
): Promise<LabSpec> {
  const listen = '127.0.0.1'
  // Never Kuma's ports: tests run beside labs, and beside each other.
  const allocator = new PortAllocator({ host: listen, place: `${home}/global`, reserved: [] })
  const ports: Record<string, number> = {}
  for (const name of Object.keys(KUMA_PORTS)) ports[name] = await allocator.next()
  return {
    topology: shopTopology({ tenants: 1, zones, dataplanes, external: [] }),
    auth,
    openStreams: 'parity',
    plaintext: false,
    listen,
    db: 'memory',
    processes: 'inline',
    global: { kind: 'own', ports },
  }
}

/** A running lab of `startLab`. */
export class TestLab implements AsyncDisposable {
  readonly #supervisor: Supervisor
  readonly #home: string
  readonly #clock: Clock

  constructor(supervisor: Supervisor, home: string, clock: Clock) {
    this.#supervisor = supervisor
    this.#home = home
    this.#clock = clock
  }

  get view(): LabView {
    return this.#supervisor.view()
  }

  /** The global's REST API, as its admin. */
  get global(): ApiClient {
    return this.#api('global')
  }

  /** Creates or replaces resources at the global, in the order given. Throws `invalid-resource` with what it said. */
  async apply(...resources: readonly ResourceBody[]): Promise<void> {
    for (const resource of resources) {
      const mesh = meshOf(resource)
      const body = { ...resource, ...(mesh !== undefined && { mesh }) }
      await this.global.put(itemPath(resource.type, mesh, resource.name), body)
    }
  }

  /** Throws `timed-out` that names who lags, unless every zone and sidecar acknowledges what is newest for it in time. */
  async untilSynced(withinMs = READY_WITHIN_MS): Promise<void> {
    const { synced, laggards } = await untilSynced(witnessesOf(this.view, this.#clock), withinMs, this.#clock)
    if (synced) return
    const who = laggards.map(({ component, type, why }) => `${component}${type ? ` (${type})` : ''}: ${why}`)
    throw new AppError('timed-out', `not in sync within ${withinMs} ms: ${who.join('; ')}`)
  }

  /** The resource is in every zone, as the global holds it, and everybody has acknowledged it. Throws `timed-out`, `not-found`. */
  async expectPropagated(
    resource: Pick<ResourceBody, 'type' | 'name' | 'mesh'>,
    withinMs = READY_WITHIN_MS,
  ): Promise<void> {
    const held = await this.global.get<ResourceBody>(itemPath(resource.type, meshOf(resource), resource.name))
    await this.untilSynced(withinMs)
    for (const { name } of this.#components('zone')) {
      const copies = await this.zone(name).list(resource.type)
      const copy = copies.find((candidate) => isCopyOf(candidate, held))
      if (!copy) throw new AppError('timed-out', `${name} does not hold ${resource.type} ${resource.name}`)
    }
  }

  /** Throws `invalid-argument` for a zone that is not there. */
  zone(name: string): LabZone {
    const api = this.#api(name)
    return {
      name,
      api,
      list: (type) => api.list<ResourceBody>(`/${descriptorOf(type).paths[0]}`),
      configDump: (sidecar, mesh = 'default') => this.#configDump(name, mesh, sidecar),
      kill: () => this.kill(name),
      start: () => this.start(name),
    }
  }

  /** Ends a component: `zone-2`, `dataplanes/zone-2`, `global`. In one process that is an end in order. */
  kill(component: string): Promise<void> {
    return this.#supervisor.act('kill', component, undefined)
  }

  start(component: string): Promise<void> {
    return this.#supervisor.act('start', component, undefined)
  }

  async stop(): Promise<void> {
    await this.#supervisor.stopAll()
    await rm(this.#home, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #components(kind: ComponentView['kind']): readonly ComponentView[] {
    return this.view.components.filter((component) => component.kind === kind)
  }

  #api(name: string): ApiClient {
    return apiClient(this.view, findComponent(this.view.components, name, undefined), this.#clock, undefined)
  }

  async #configDump(zone: string, mesh: string, sidecar: string): Promise<unknown> {
    const { endpoints } = findComponent(this.view.components, `dataplanes/${zone}`, undefined)
    const answer = await fetch(`${endpoints.admin}/proxies/${mesh}/${sidecar}/config_dump`)
    if (!answer.ok) throw new AppError('not-found', `zone ${zone} has no sidecar ${mesh}/${sidecar}`)
    return answer.json()
  }
}

function meshOf({ type, mesh }: Pick<ResourceBody, 'type' | 'mesh'>): string | undefined {
  return descriptorOf(type).scope === 'mesh' ? (mesh ?? 'default') : undefined
}

/** Copies have another name, and the same display name and spec. */
function isCopyOf(copy: ResourceBody, held: ResourceBody): boolean {
  const displayed = (resource: ResourceBody) =>
    (resource.labels as Record<string, string> | undefined)?.['kuma.io/display-name'] ?? resource.name
  return (
    displayed(copy) === displayed(held) &&
    copy.mesh === held.mesh &&
    JSON.stringify(copy.spec) === JSON.stringify(held.spec)
  )
}
