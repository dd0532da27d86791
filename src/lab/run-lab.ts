import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { assignPorts } from './assign-ports.js'
import { ControlServer } from './control-server.js'
import type { LabSpec } from './lab-spec.js'
import { type LabPorts, readLabState } from './lab-state.js'
import type { LabView } from './lab-view.js'
import { endLeftovers } from './leftovers.js'
import type { LabPaths } from './paths.js'
import type { RunnerState } from './runner.js'
import { type ComponentAction, type MakeRunner, type StartStep, Supervisor } from './supervisor.js'

export interface RunLabOptions {
  readonly paths: LabPaths
  readonly spec: LabSpec
  /** Ports of the user's other labs. */
  readonly otherPorts: readonly LabPorts[]
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
  const { paths, clock } = options
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
    forget: (tenant) => running().forget(tenant),
    down: async () => {
      await running().stopAll()
      bringDown()
    },
  })
  await control.start()
  try {
    const kept = readLabState(paths)
    if (kept) await endLeftovers(kept, clock)
    const started = await startFirst(options, (candidate) => {
      supervisor = candidate
    })
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

/** Between the look for a free port and its use another program may take it; a third such chance is none. */
const ATTEMPTS_MAX = 3

/** The first supervisor whose processes all got their ports. `announce` is told of each before it starts anything. */
async function startFirst(options: RunLabOptions, announce: (supervisor: Supervisor) => void): Promise<Supervisor> {
  const { paths, spec, signal, onStep, otherPorts } = options
  for (let attempt = 1; ; attempt += 1) {
    const { ports, notices } = await assignPorts(paths.dir, spec, readLabState(paths)?.ports ?? {}, otherPorts)
    signal.throwIfAborted()
    const supervisor = new Supervisor({ ...options, ports, notices })
    announce(supervisor)
    const giveUp = () => void supervisor.stopAll()
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      supervisor.prepare()
      await supervisor.startAll((step) => onStep(step, supervisor.view()))
      return supervisor
    } catch (thrown) {
      const { code } = AppError.from(thrown)
      if (code !== 'port-taken' || attempt === ATTEMPTS_MAX) throw thrown
      await supervisor.stopAll()
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }
}
