import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError, ERRORS, type ErrorCode } from '../base/errors.js'
import { Child } from '../lab/child.js'
import { ControlClient } from '../lab/control-client.js'
import { InlineRunner } from '../lab/inline.js'
import { diagnosticsClient } from '../lab/lab-clients.js'
import type { LabSpec } from '../lab/lab-spec.js'
import { portsOfOtherLabs } from '../lab/lab-state.js'
import type { LabView } from '../lab/lab-view.js'
import { type LabPaths, logFileOf } from '../lab/paths.js'
import { makePrivateDir } from '../lab/private-files.js'
import { type RunningLab, runLab } from '../lab/run-lab.js'
import { LabTraces } from '../lab/traces/lab-traces.js'
import type { Context } from './command.js'
import { OWN_PROGRAM } from './own-program.js'
import type { StartReport } from './start-report.js'

/** What starting a lab needs of a command's context. */
export type LabContext = Omit<Context, 'program'>

/** Runs the lab from this process, and tells its traces where the environment names a collector. */
export async function startHere(
  paths: LabPaths,
  spec: LabSpec,
  context: LabContext,
  report: StartReport,
): Promise<RunningLab> {
  const lab = await start(paths, spec, context, report)
  const endpoint = context.env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined || endpoint === '') return lab
  const { clock, random, io } = context
  const view = lab.view()
  const clients = view.components.flatMap((component) => diagnosticsClient(view, component, clock) ?? [])
  const traces = new LabTraces({ endpoint, clients, clock, random, onNotice: (text) => io.err(`zonelab: ${text}`) })
  traces.start()
  return {
    ...lab,
    async stop() {
      await traces.stop()
      await lab.stop()
    },
  }
}

function start(paths: LabPaths, spec: LabSpec, context: LabContext, report: StartReport): Promise<RunningLab> {
  const { clock, random } = context
  return runLab({
    paths,
    spec,
    clock,
    signal: context.signal,
    otherPorts: portsOfOtherLabs(paths.name, context.env),
    onStep: (step, view) => report.step(step, view),
    onChange: (name, state) => report.changed(name, state),
    makeRunner: (group, onChange) => {
      if (spec.processes === 'inline') return new InlineRunner({ group, clock, random, onChange, logLevel: 'warn' })
      const logFile = logFileOf(paths, group.name)
      // Without its commands (`lab-process.ts`).
      const args = ['lab-process', group.kind]
      return new Child({ name: group.name, program: OWN_PROGRAM, args, logFile, clock, onChange })
    },
  })
}

/** What `up --detach` and the supervisor that it leaves behind tell each other. */
export type ToSupervisor = { readonly lab: string; readonly spec: LabSpec }
export type FromSupervisor =
  | { readonly kind: 'step'; readonly step: Parameters<StartReport['step']>[0]; readonly view: LabView }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/**
 * Runs the lab from a process that outlives this one; resolves when it is ready. Throws what the start threw. Ctrl-C until
 * then gives the lab up: its terminal is not the supervisor's, so it has to be told.
 */
export async function startDetached(
  paths: LabPaths,
  spec: LabSpec,
  report: StartReport,
  signal: AbortSignal,
): Promise<LabView> {
  makePrivateDir(dirname(paths.supervisorLog))
  const log = openSync(paths.supervisorLog, 'a', 0o600)
  const { script, execArgv } = OWN_PROGRAM
  const supervisor = spawn(process.execPath, [...execArgv, script, 'lab-process', 'supervisor'], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  const ended = new Promise((resolve) => supervisor.once('exit', resolve))
  const giveUp = () => supervisor.kill('SIGTERM')
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await untilReady(supervisor, { lab: paths.name, spec }, report, paths)
  } catch (thrown) {
    if (signal.aborted) await ended
    throw thrown
  } finally {
    signal.removeEventListener('abort', giveUp)
    if (supervisor.connected) supervisor.disconnect()
    supervisor.unref()
  }
  return new ControlClient(paths.socket).view()
}

function untilReady(
  supervisor: ChildProcess,
  order: ToSupervisor,
  report: StartReport,
  paths: LabPaths,
): Promise<void> {
  return new Promise((resolve, reject) => {
    supervisor.on('message', (message: FromSupervisor) => {
      if (message.kind === 'step') report.step(message.step, message.view)
      else if (message.kind === 'ready') resolve()
      else reject(new AppError(knownCode(message.code), message.message))
    })
    supervisor.once('error', reject)
    supervisor.once('exit', () =>
      reject(new AppError('internal', `the lab's supervisor ended; see ${paths.supervisorLog}`)),
    )
    supervisor.send(order)
  })
}

function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal'
}
