import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../base/clock.js'
import { AppError, ERRORS, type ErrorCode } from '../base/errors.js'
import type { FromChild, Settings, ToChild } from './child-messages.js'
import { makePrivateDir } from './private-files.js'
import { type ProcessId, processIdOf } from './process-id.js'
import type { Runner, RunnerState } from './runner.js'

/** The program that children run: our own entry, or a stand-in of the tests. */
export interface ChildProgram {
  readonly script: string
  readonly execArgv: readonly string[]
}

export interface ChildOptions {
  readonly name: string
  readonly program: ChildProgram
  readonly args: readonly string[]
  readonly logFile: string
  readonly clock: Clock
  readonly onChange: (state: RunnerState) => void
}

/** Loading a large database is the slowest thing a process does before it serves. */
const READY_WITHIN_MS = 60_000
/** A process has 10 s to end in order (design.md §7); one more for the system. */
const STOP_WITHIN_MS = 11_000

/** One process that the supervisor runs: started, watched, signalled and ended here and nowhere else. */
export class Child implements Runner {
  readonly name: string
  readonly #options: ChildOptions
  #state: RunnerState = { kind: 'stopped' }
  #process: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #failure: AppError | undefined

  constructor(options: ChildOptions) {
    this.name = options.name
    this.#options = options
  }

  get state(): RunnerState {
    return this.#state
  }

  /** Of the process, while there is one. */
  get id(): ProcessId | undefined {
    return 'id' in this.#state ? this.#state.id : undefined
  }

  /** Starts the process, which loads its code and waits. Several can load while the first one serves already. */
  load(): void {
    if (this.#process) return
    const { program, args, logFile } = this.#options
    makePrivateDir(dirname(logFile))
    const log = openSync(logFile, 'a', 0o600)
    try {
      const child = fork(program.script, args, {
        execArgv: [...program.execArgv],
        env: childEnvironment(),
        stdio: ['ignore', log, log, 'ipc'],
      })
      this.#process = child
      this.#failure = undefined
      this.#ended = new Promise((resolve) => {
        child.once('error', (cause) => this.#onEnd(`could not be run: ${cause.message}`, resolve))
        child.once('exit', (code, signal) => this.#onEnd(howItEnded(code, signal), resolve))
      })
      if (child.pid !== undefined) this.#become({ kind: 'loaded', id: processIdOf(child.pid) })
    } finally {
      closeSync(log)
    }
  }

  /** Resolves when all members serve. Throws what the child reports, or `timed-out`; the process is gone then. */
  async start(title: string, members: readonly Settings[]): Promise<void> {
    if (this.#state.kind === 'stopped' || this.#state.kind === 'died') this.load()
    const { id } = this
    if (this.#state.kind !== 'loaded' || !id) throw this.#notNow('start')
    this.#become({ kind: 'starting', id })
    try {
      await this.#ask({ kind: 'start', title, members }, { answer: 'ready', withinMs: READY_WITHIN_MS })
    } catch (thrown) {
      await this.kill()
      throw AppError.from(thrown)
    }
    this.#become({ kind: 'ready', id, sinceMs: this.#options.clock.nowMs(), paused: false })
  }

  async endMembers(members: readonly number[]): Promise<void> {
    if (!this.#process) return
    if (this.#state.kind !== 'ready' || this.#state.paused) throw this.#notNow('end some of')
    await this.#ask({ kind: 'end', members }, { answer: 'ended', withinMs: STOP_WITHIN_MS })
  }

  /** In order, and by force after the grace time. Nothing to do for one that does not run. */
  async stop(): Promise<void> {
    const child = this.#process
    if (!child || !this.id) return
    this.#become({ kind: 'stopping', id: this.id })
    // A stopped process sees no SIGTERM before it goes on.
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const cancel = this.#options.clock.after(STOP_WITHIN_MS, () => child.kill('SIGKILL'))
    await this.#ended
    cancel()
  }

  /** As a crash would: no goodbye to anyone, and it has died. Nothing to do for one that does not run. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#ended
  }

  /** SIGSTOP: the process keeps its connections and answers nobody. */
  pause(): void {
    this.#setPaused(true)
  }

  resume(): void {
    this.#setPaused(false)
  }

  #setPaused(paused: boolean): void {
    if (this.#state.kind !== 'ready' || this.#state.paused === paused) {
      throw this.#notNow(paused ? 'pause' : 'resume')
    }
    this.#process?.kill(paused ? 'SIGSTOP' : 'SIGCONT')
    this.#become({ ...this.#state, paused })
  }

  #ask(order: ToChild, { answer, withinMs }: { answer: FromChild['kind']; withinMs: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = this.#process
      if (!child) return reject(this.#notNow(order.kind))
      const settle = (act: () => void) => {
        cancel()
        child.off('message', onMessage)
        act()
      }
      const cancel = this.#options.clock.after(withinMs, () =>
        settle(() => reject(new AppError('timed-out', `${this.name} was not ${answer} in ${withinMs / 1_000} s`))),
      )
      const onMessage = (message: FromChild) => {
        if (message.kind === answer) settle(resolve)
        else if (message.kind === 'failed') this.#failure = errorOf(this.name, message)
      }
      child.on('message', onMessage)
      void this.#ended.then(() => settle(() => reject(this.#failure ?? this.#unexplained())))
      // A send that fails means that the process is ending, which is reported above.
      child.send(order, () => {})
    })
  }

  #onEnd(how: string, resolve: () => void): void {
    const asked = this.#state.kind === 'stopping'
    this.#process = undefined
    this.#become(asked ? { kind: 'stopped' } : { kind: 'died', how, atMs: this.#options.clock.nowMs() })
    resolve()
  }

  #become(state: RunnerState): void {
    this.#state = state
    this.#options.onChange(state)
  }

  #unexplained(): AppError {
    const how = this.#state.kind === 'died' ? this.#state.how : 'ended'
    return new AppError('internal', `${this.name} ${how} before it was ready; see ${this.#options.logFile}`)
  }

  #notNow(verb: string): AppError {
    const state = this.#state.kind === 'ready' && this.#state.paused ? 'paused' : this.#state.kind
    return new AppError('invalid-argument', `cannot ${verb} ${this.name}: it is ${state}`)
  }
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
}

function errorOf(name: string, { code, message }: { code: string; message: string }): AppError {
  const known: ErrorCode = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal'
  return new AppError(known, message.startsWith(name) ? message : `${name}: ${message}`)
}

/** A lab's processes take their settings from their supervisor alone, not from what happens to be in its environment. */
function childEnvironment(): Record<string, string> {
  const passed = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_OPTIONS', 'SystemRoot']
  return Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
