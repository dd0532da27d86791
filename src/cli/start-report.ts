import type { Clock } from '../base/clock.js'
import type { LabView } from '../lab/lab-view.js'
import type { RunnerState } from '../lab/runner.js'
import type { StartStep } from '../lab/supervisor.js'
import { dataplanesIn } from '../lab/topology.js'
import type { Io } from './io.js'
import { duration, plural } from './quantities.js'

const NAMES_SHOWN_MAX = 6
/** With mark, step and time a line is 78 wide. */
const WHAT_WIDTH = 54

/** Says how a lab gets up: a line a step, with the time that it took. All on standard error. */
export class StartReport {
  readonly #io: Io
  readonly #clock: Clock
  readonly #startedMs: number
  #lastMs: number
  #ready = false

  constructor(io: Io, clock: Clock) {
    this.#io = io
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
    this.#lastMs = this.#startedMs
  }

  /** How much there is, before anything of it starts. */
  totals(view: Pick<LabView, 'spec' | 'totals'>): void {
    const { tenants, zones, externalZones, dataplanes } = view.totals
    const counts = [
      ...(tenants > 1 ? [plural(tenants, 'control plane')] : []),
      plural(zones, 'zone') + (externalZones > 0 ? ` (${externalZones} external)` : ''),
      plural(dataplanes, 'sidecar'),
    ]
    const { shards } = view.spec.topology
    const globals = shards.length > 1 ? `globals ${shards.join(', ')}; ` : 'a global, '
    this.#io.err(`zonelab: ${view.spec.global.kind === 'own' ? globals : ''}${counts.join(', ')}`)
  }

  step(step: StartStep, view: LabView): void {
    const nowMs = this.#clock.monotonicMs()
    const what = describe(step, view)
    if (what !== undefined) {
      this.#io.err(
        ` ${this.#io.paint('green', '✓')} ${step.padEnd(11)} ${what.padEnd(WHAT_WIDTH)} ${this.#took(nowMs)}`,
      )
    }
    this.#lastMs = nowMs
    if (step === 'dataplanes') this.#ready = true
  }

  /** The end of a process that nobody asked for is shown; it is not started again. */
  changed(name: string, state: RunnerState): void {
    if (state.kind !== 'died' || !this.#ready) return
    this.#io.err(` ${this.#io.paint('red', '✗')} ${name} ${state.how}; start it again with: zonelab start ${name}`)
  }

  synced(laggards: readonly string[], dataplanes: number): void {
    const nowMs = this.#clock.monotonicMs()
    if (laggards.length === 0) {
      const what = `every zone and ${plural(dataplanes, 'sidecar')} in sync`
      this.#io.err(
        ` ${this.#io.paint('green', '✓')} ${'in sync'.padEnd(11)} ${what.padEnd(WHAT_WIDTH)} ${this.#took(nowMs)}`,
      )
    } else {
      this.#io.err(` ${this.#io.paint('yellow', '!')} ${'in sync'.padEnd(11)} not yet: ${laggards.join('; ')}`)
    }
  }

  ready(inSync: boolean): void {
    const took = duration(this.#clock.monotonicMs() - this.#startedMs)
    this.#io.err(inSync ? `   ready in ${took}` : `   up in ${took}, not in sync: zonelab wait --for synced`)
  }

  #took(nowMs: number): string {
    return this.#io.paint('dim', duration(nowMs - this.#lastMs).padStart(8))
  }
}

function describe(step: StartStep, view: LabView): string | undefined {
  const global = view.components.find(({ kind }) => kind === 'global')
  const platform = view.components.find(({ kind }) => kind === 'platform')
  switch (step) {
    case 'platform':
      return platform && `control-plane manager ${platform.endpoints.api}`
    case 'global':
      if (view.spec.topology.shards.length > 1) return view.spec.topology.shards.join(' ')
      return global && `KDS ${global.endpoints.kds} · API ${global.endpoints.api}`
    case 'credentials':
      return `CA and tokens in ${view.diagnosticsTokenFile.replace(/\/diagnostics$/, '')}`
    case 'zones': {
      const names = view.components.filter(({ kind, state }) => kind === 'zone' && state !== 'external')
      const shown = names.slice(0, NAMES_SHOWN_MAX).map(({ name }) => name)
      return `${shown.join(' ')}${names.length > shown.length ? ` … ${names.at(-1)?.name}` : ''}`
    }
    case 'dataplanes': {
      const count = view.spec.topology.zones.reduce((sum, zone) => sum + dataplanesIn(zone), 0)
      return count === 0 ? undefined : plural(count * view.spec.topology.tenants.length, 'sidecar')
    }
  }
}
