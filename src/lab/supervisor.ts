import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { isPostgresUrl } from '../store/store-place.js'
import type { ApiClient } from './api-client.js'
import {
  type Component,
  componentsOf,
  findComponent,
  isPacked,
  type ProcessGroup,
  processGroups,
  sidecarNamed,
} from './components.js'
import { ensureControlPlanes } from './control-planes.js'
import { ensureCertificates, ensureDataplaneToken, ensureZoneToken } from './credentials.js'
import { tokenBindings } from './fleet.js'
import { apiClient, globalOf, operatorClient, platformClient, shardOf } from './lab-clients.js'
import { databaseOf, databasesOf, type LabDatabases, prepareDatabases } from './lab-database.js'
import { hasPlatform, type LabSpec } from './lab-spec.js'
import { type LabPorts, type LabState, writeLabState } from './lab-state.js'
import { diagnosticsTokenFile, type LabView, labView } from './lab-view.js'
import type { LabPaths } from './paths.js'
import { keptSecret, makePrivateDir, writePrivateFile } from './private-files.js'
import { processIdOf } from './process-id.js'
import type { Runner, RunnerState } from './runner.js'
import { fleetFile, fleetFileText, settingsOf, shardTokenFile } from './settings.js'
import { isOfTenant, removeSigned, removeTenantFiles, removeTenantState } from './tenant-files.js'

export type ComponentAction = 'start' | 'stop' | 'kill' | 'restart' | 'pause' | 'resume'

/** What is there after a part of the start, in order. */
export type StartStep = 'platform' | 'global' | 'credentials' | 'zones' | 'dataplanes'

export type MakeRunner = (group: ProcessGroup, onChange: (state: RunnerState) => void) => Runner

export interface SupervisorOptions {
  readonly paths: LabPaths
  readonly spec: LabSpec
  readonly ports: LabPorts
  readonly notices: readonly string[]
  readonly makeRunner: MakeRunner
  readonly clock: Clock
  /** Called for each change of a process; `died` is the one to be shown. */
  readonly onChange: (process: string, state: RunnerState) => void
  readonly cores?: number
}

/** One per lab: starts its processes, ends them, and is the only writer of its state. It never composes any of them. */
export class Supervisor {
  readonly #options: SupervisorOptions
  #groups: readonly ProcessGroup[]
  #components: readonly Component[]
  readonly #runners = new Map<string, Runner>()
  readonly #diagnosticsToken: string
  #phase: LabView['state'] = 'starting'
  #databases: LabDatabases = new Map()
  #controlPlanes: LabView['controlPlanes'] = {}
  /** The state file is about to be written. */
  #changed = false
  /** Why the state file is behind; undefined while it is not. */
  #unwritten: string | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    makePrivateDir(options.paths.dir)
    this.#components = componentsOf(options.spec)
    this.#groups = processGroups(options.spec, options.cores ?? availableParallelism())
    this.#diagnosticsToken = keptSecret(diagnosticsTokenFile(options.paths))
    for (const group of this.#groups) this.#runners.set(group.name, this.#makeRunner(group))
  }

  /** Takes the lab: from now on its state names this process. Throws when that cannot be written. */
  prepare(): void {
    const { paths, spec, clock } = this.#options
    const { shards } = spec.topology
    for (const database of databasesOf(paths, spec)) {
      if (database !== 'memory' && !isPostgresUrl(database)) makePrivateDir(dirname(database))
    }
    makePrivateDir(paths.data)
    ensureCertificates(paths, spec, clock)
    if (hasPlatform(spec)) for (const shard of shards) keptSecret(shardTokenFile(paths, shard))
    this.#writeState()
  }

  /** Platform and global, then credentials, then zones, then sidecars. All of them load their code meanwhile. */
  async startAll(step: (name: StartStep) => void): Promise<void> {
    for (const runner of this.#runners.values()) runner.load()
    this.#databases = await prepareDatabases(this.#options.paths, this.#options.spec)
    if (hasPlatform(this.#options.spec)) {
      await this.#startKind('platform')
      step('platform')
    }
    await this.#startKind('global')
    step('global')
    await this.#ensureCredentials()
    step('credentials')
    await this.#startKind('zone')
    step('zones')
    await this.#startKind('dataplane')
    step('dataplanes')
    this.#phase = 'ready'
    this.#keepState()
  }

  view(): LabView {
    const { paths, spec, ports, notices } = this.#options
    return labView({
      paths,
      spec,
      ports,
      notices: this.#unwritten === undefined ? notices : [...notices, this.#unwritten],
      components: this.#components,
      packed: isPacked(spec),
      database: [...new Set(spec.topology.shards.map((shard) => databaseOf(paths, spec, shard)))].join(', '),
      controlPlanes: this.#controlPlanes,
      stateOfComponent: (component) => this.#runnerOf(component)?.state ?? { kind: 'stopped' },
      state: this.#phase,
      pid: process.pid,
    })
  }

  /** Throws `not-found`, or `invalid-argument` for what the component's state or its process does not allow. */
  async act(action: ComponentAction, name: string, tenant: string | undefined): Promise<void> {
    const component = this.#find(name, tenant)
    const group = this.#groupOf(component)
    const runner = group && this.#runners.get(group.name)
    if (!group || !runner) {
      throw new AppError('invalid-argument', `${name} is external: whoever started it has to ${action} it`)
    }
    if (group.components.length > 1) {
      throw new AppError(
        'invalid-argument',
        `${name} shares the process ${group.name} with ${group.components.length - 1} others; start the lab with --isolate to ${action} it alone`,
      )
    }
    await this.#actOn(action, runner, group)
    this.#keepState()
  }

  /**
   * A control plane of the lab was deleted: its zones and sidecars end, and nothing that was made for it is left; who shares
   * a process with them goes on. The next start makes it again.
   */
  async forget(tenant: string): Promise<void> {
    const isOwn = (component: Component) => isOfTenant(component, tenant)
    for (const kind of ['dataplane', 'zone'] as const) {
      await Promise.all(this.#groupsOf(kind).map((group) => this.#endMembers(group, isOwn)))
    }
    this.#groups = this.#groups.flatMap((group) => {
      const components = group.components.filter((component) => !isOwn(component))
      return components.length === 0 ? [] : [{ ...group, components }]
    })
    this.#components = this.#components.filter((component) => !isOwn(component))
    const { [tenant]: _gone, ...controlPlanes } = this.#controlPlanes
    this.#controlPlanes = controlPlanes
    const { paths, spec } = this.#options
    // Files are called after tenants: a name that is not the lab's would be somebody else's file.
    if (spec.topology.tenants.includes(tenant)) removeTenantFiles(paths, spec, tenant)
    this.#keepState()
  }

  /** Ends every process, sidecars first, so that nobody sees his server go. The lab's files stay. */
  async stopAll(): Promise<void> {
    this.#phase = 'stopping'
    for (const kind of ['dataplane', 'zone', 'global', 'platform'] as const) {
      await Promise.all(this.#groupsOf(kind).map((group) => this.#runners.get(group.name)?.stop()))
    }
    this.#phase = 'stopped'
    this.#keepState()
  }

  async #endMembers({ name, components }: ProcessGroup, isEnding: (component: Component) => boolean): Promise<void> {
    const runner = this.#runners.get(name)
    const ending = [...components.keys()].filter((position) => isEnding(components[position] as Component))
    if (ending.length === components.length) await runner?.stop()
    else if (ending.length > 0) await runner?.endMembers(ending)
  }

  async #actOn(action: ComponentAction, runner: Runner, group: ProcessGroup): Promise<void> {
    switch (action) {
      case 'start':
        await this.#startGroup(group, runner)
        return this.#renewSigned(group)
      case 'stop':
        return runner.stop()
      case 'kill':
        if (!('id' in runner.state)) {
          throw new AppError('invalid-argument', `cannot kill ${group.name}: it is not running`)
        }
        return runner.kill()
      case 'restart':
        await runner.stop()
        await this.#startGroup(group, runner)
        return this.#renewSigned(group)
      case 'pause':
        return runner.pause()
      case 'resume':
        return runner.resume()
    }
  }

  #find(name: string, tenant: string | undefined): Component {
    const sidecar = sidecarNamed(name)
    if (sidecar) {
      throw new AppError(
        'invalid-argument',
        `${name} is one of many in a process; name it whole: dataplanes/${sidecar.zone}`,
      )
    }
    return findComponent(this.#components, name, tenant)
  }

  async #startKind(kind: Component['kind']): Promise<void> {
    const starts = this.#groupsOf(kind).map((group) => this.#startGroup(group, this.#runners.get(group.name)))
    const failed = (await Promise.allSettled(starts)).find((outcome) => outcome.status === 'rejected')
    if (failed) throw AppError.from(failed.reason)
  }

  async #startGroup(group: ProcessGroup, runner: Runner | undefined): Promise<void> {
    const { paths, spec, ports } = this.#options
    if (this.#phase === 'stopping' || this.#phase === 'stopped') {
      throw new AppError('cancelled', `${group.name} is not started: the lab is being stopped`)
    }
    const wiring = {
      ...{ paths, spec, ports },
      diagnosticsToken: this.#diagnosticsToken,
      databases: this.#databases,
      controlPlanes: this.#controlPlanes,
    }
    for (const component of group.components) {
      if (component.kind === 'dataplane')
        writePrivateFile(fleetFile(paths, component.key), fleetFileText(component, wiring))
    }
    await runner?.start(
      `zonelab ${group.name}`,
      group.components.map((component) => settingsOf(component, wiring)),
    )
  }

  #groupsOf(kind: Component['kind']): readonly ProcessGroup[] {
    return this.#groups.filter((group) => group.kind === kind)
  }

  #runnerOf(component: Component): Runner | undefined {
    const group = this.#groupOf(component)
    return group && this.#runners.get(group.name)
  }

  #groupOf({ key }: Component): ProcessGroup | undefined {
    return this.#groups.find(({ components }) => components.some((component) => component.key === key))
  }

  /** Control planes and meshes come first: what is issued belongs to them. */
  async #ensureCredentials(): Promise<void> {
    const { paths, spec, clock } = this.#options
    if (hasPlatform(spec)) {
      const view = this.view()
      const region = (name: string) => platformClient(view, clock, name)
      const platform = { operator: operatorClient(view, clock), region }
      // Of one of that name that somebody has deleted by API.
      this.#controlPlanes = await ensureControlPlanes(spec, platform, (name) => removeTenantState(paths, spec, name))
    }
    const { tenants } = spec.topology
    if (spec.db === 'memory') removeSigned(paths, spec, tenants)
    await this.#ensureMeshes(tenants)
    await this.#ensureZoneTokens(tenants)
  }

  /** With the tokens of their sidecars. */
  async #ensureMeshes(tenants: readonly string[]): Promise<void> {
    const { paths, spec } = this.#options
    if (spec.global.kind === 'foreign') return
    const api = (tenant: string) => this.#globalApi(tenant)
    for (const tenant of tenants) {
      for (const mesh of spec.topology.meshes) await ensureMesh(api(tenant), mesh)
      for (const binding of tokenBindings(spec.topology)) await ensureDataplaneToken(tenant, binding, { paths, api })
    }
  }

  async #ensureZoneTokens(tenants: readonly string[]): Promise<void> {
    const { paths, spec } = this.#options
    const api = (tenant: string) => this.#globalApi(tenant)
    for (const component of this.#components) {
      if (component.kind === 'zone' && tenants.includes(component.tenant)) {
        await ensureZoneToken(component, { paths, spec, api })
      }
    }
  }

  /** Of a global that has lost its keys. Zones and sidecars read their tokens whenever they connect; access tokens are the manager's. */
  async #renewSigned({ components: [component] }: ProcessGroup): Promise<void> {
    const { paths, spec, clock } = this.#options
    if (spec.db !== 'memory' || component?.kind !== 'global') return
    const view = this.view()
    const tenants = spec.topology.tenants.filter((tenant) => shardOf(view, tenant) === component.shard)
    if (hasPlatform(spec)) for (const tenant of tenants) await untilHandedOver(this.#globalApi(tenant), clock)
    removeSigned(paths, spec, tenants)
    await this.#ensureMeshes(tenants)
    if (spec.auth === 'zone-token') await this.#ensureZoneTokens(tenants)
  }

  #globalApi(tenant: string): ApiClient {
    const view = this.view()
    return apiClient(view, globalOf(view, tenant), this.#options.clock, tenant)
  }

  #makeRunner(group: ProcessGroup): Runner {
    return this.#options.makeRunner(group, (state) => {
      if (CHANGES_PROCESSES.has(state.kind)) this.#keepState()
      this.#options.onChange(group.name, state)
    })
  }

  /** One write for all that comes or goes at one instant: seven processes are started at once, and each write waits for the disk. */
  #keepState(): void {
    if (this.#changed) return
    this.#changed = true
    queueMicrotask(() => this.#keepChanged())
  }

  /** A lab that runs is worth more than its file: a full disk must not end it. The next change writes again. */
  #keepChanged(): void {
    this.#changed = false
    try {
      this.#writeState()
      this.#unwritten = undefined
    } catch (thrown) {
      this.#unwritten = `the lab's state is not kept: ${AppError.from(thrown).message}`
    }
  }

  #writeState(): void {
    const { paths, spec, ports } = this.#options
    const children = [...this.#runners.values()].flatMap(({ state }) => ('id' in state ? (state.id ?? []) : []))
    const supervisor = this.#phase === 'stopped' ? undefined : processIdOf(process.pid)
    writeLabState(paths, { format: 1, spec, ports, supervisor, children } satisfies LabState)
  }
}

/** States with which a process comes or goes. */
const CHANGES_PROCESSES: ReadonlySet<RunnerState['kind']> = new Set(['loaded', 'stopped', 'died'])

/** The manager hands control planes and their zones to a global that has lost them as soon as the two have met. */
const HANDED_OVER_WITHIN_MS = 15_000
const LOOK_EVERY_MS = 100

async function untilHandedOver(api: ApiClient, clock: Clock): Promise<void> {
  const untilMs = clock.monotonicMs() + HANDED_OVER_WITHIN_MS
  for (;;) {
    const thrown = await api.get('/meshes').then(() => undefined, AppError.from)
    if (thrown === undefined) return
    if (clock.monotonicMs() > untilMs) throw thrown
    await sleep(clock, LOOK_EVERY_MS)
  }
}

async function ensureMesh(api: ApiClient, mesh: string): Promise<void> {
  try {
    await api.get(`/meshes/${mesh}`)
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'not-found') throw thrown
    await api.put(`/meshes/${mesh}`, { type: 'Mesh', name: mesh })
  }
}
