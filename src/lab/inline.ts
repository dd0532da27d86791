import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { type LogLevel, pinoLogger } from '../base/pino-logger.js'
import type { Random } from '../base/random.js'
import type { Settings } from './child-messages.js'
import type { ProcessGroup } from './components.js'
import { PROCESSES } from './inline-processes.js'
import type { Runner, RunnerState } from './runner.js'

export interface InlineRunnerOptions {
  readonly group: ProcessGroup
  readonly clock: Clock
  readonly random: Random
  readonly logLevel: LogLevel
  readonly onChange: (state: RunnerState) => void
}

interface Member {
  start(): Promise<object>
  stop(): Promise<void>
}

/** Components in this very process, over real sockets all the same: for tests, and where processes are dear. */
export class InlineRunner implements Runner {
  readonly #options: InlineRunnerOptions
  #state: RunnerState = { kind: 'stopped' }
  #members: Member[] = []

  constructor(options: InlineRunnerOptions) {
    this.#options = options
  }

  get state(): RunnerState {
    return this.#state
  }

  load(): void {
    if (this.#state.kind === 'stopped') this.#become({ kind: 'loaded', id: undefined })
  }

  async start(_title: string, members: readonly Settings[]): Promise<void> {
    this.load()
    if (this.#state.kind !== 'loaded') throw this.#cannot('start')
    this.#become({ kind: 'starting', id: undefined })
    const { group, clock, random, logLevel } = this.#options
    try {
      const { read, compose } = await PROCESSES[group.kind].load()
      const log = pinoLogger({ level: logLevel, fields: { component: group.name } })
      const onFatal = () => void this.stop()
      this.#members = members.map((file) => compose(read({ file, env: {} }).values, { clock, random, log, onFatal }))
      await Promise.all(this.#members.map((member) => member.start()))
    } catch (thrown) {
      await this.stop()
      throw AppError.from(thrown)
    }
    this.#become({ kind: 'ready', id: undefined, sinceMs: clock.nowMs(), paused: false })
  }

  async endMembers(members: readonly number[]): Promise<void> {
    const ending = this.#members.filter((_, position) => members.includes(position))
    this.#members = this.#members.filter((member) => !ending.includes(member))
    await Promise.all(ending.map((member) => member.stop()))
  }

  async stop(): Promise<void> {
    if (this.#state.kind === 'stopped') return
    this.#become({ kind: 'stopping', id: undefined })
    await Promise.all(this.#members.splice(0).map((member) => member.stop()))
    this.#become({ kind: 'stopped' })
  }

  /** Without a process of its own there is nothing that could be killed: an end in order is the nearest. */
  kill(): Promise<void> {
    return this.stop()
  }

  pause(): void {
    throw this.#cannot('pause')
  }

  resume(): void {
    throw this.#cannot('resume')
  }

  #become(state: RunnerState): void {
    this.#state = state
    this.#options.onChange(state)
  }

  #cannot(verb: string): AppError {
    const { name } = this.#options.group
    if (verb === 'start') return new AppError('invalid-argument', `cannot start ${name}: it is ${this.#state.kind}`)
    return new AppError('invalid-argument', `cannot ${verb} ${name}: the whole lab is one process (--inline)`)
  }
}
