import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { assignPorts } from './assign-ports.js'
import { ControlServer } from './control-server.js'
import type { LabSpec } from './lab-spec.js'
import { type LabState, readLabState } from './lab-state.js'
import type { LabView } from './lab-view.js'
import { endLeftovers } from './leftovers.js'
import type { LabPaths } from './paths.js'
import type { RunnerState } from './runner.js'
import { type ComponentAction, type MakeRunner, Supervisor } from './supervisor.js'

export type StartStep = 'global' | 'credentials' | 'zones' | 'dataplanes'

export interface RunLabOptions {
  readonly paths: LabPaths
  readonly spec: LabSpec
  readonly makeRunner: MakeRunner
  readonly clock: Clock
  readonly onStep: (step: StartStep, view: LabView) => void
  readonly onChange: (process: string, state: RunnerState) => void
  /** Aborted: the start is given up, and what has started is ended. */
  readonly signal: AbortSignal
}

export interface RunningLab {
  view(): LabView
  /** Settles when a command has brought the lab down. */
  readonly down: Promise<void>
  /** Ends all processes and gives the lab up. */
  stop(): Promise<void>
}

/**
 * Runs a lab from this process until it is stopped. A failed start leaves no process.
 * Throws `store-locked` when the lab runs already, `port-taken`, and what its processes report.
 */
export async function runLab(options: RunLabOptions): Promise<RunningLab> {
  const { paths, spec, clock } = options
  let supervisor: Supervisor | undefined
  const running = () => {
    if (!supervisor) throw new AppError('unavailable', 'the lab is just being started')
    return supervisor
  }
  let bringDown = () => {}
  const down = new Promise<void>((resolve) => {
    bringDown = resolve
  })
  const control = new ControlServer(paths.socket, {
    view: () => running().view(),
    act: (action: ComponentAction, component, tenant) => running().act(action, component, tenant),
    down: async () => {
      await running().stopAll()
      bringDown()
    },
  })
  await control.start()
  try {
    const kept: LabState | undefined = readLabState(paths)
    if (kept) await endLeftovers(kept, clock)
    const { ports, notices } = await assignPorts(paths.name, spec, kept?.ports ?? {})
    const started = new Supervisor({ ...options, ports, notices })
    supervisor = started
    options.signal.addEventListener('abort', () => void started.stopAll(), { once: true })
    options.signal.throwIfAborted()
    started.prepare()
    await started.startAll((step) => options.onStep(step, started.view()))
    const stop = async () => {
      await started.stopAll()
      await control.stop()
    }
    return { view: () => started.view(), down, stop }
  } catch (thrown) {
    await supervisor?.stopAll()
    await control.stop()
    throw AppError.from(thrown)
  }
}
