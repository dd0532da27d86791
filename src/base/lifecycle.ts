import { AppError } from './errors.js'
import type { Logger } from './log.js'

/** A part that is started and stopped with its process. `stop` is idempotent and must settle. */
export interface Component {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** What a process has started, in order, so that it is stopped in reverse. */
export class Lifecycle {
  readonly #log: Logger
  readonly #stops: (() => Promise<void> | void)[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  /** Starts a part; it is stopped with the rest. */
  async run<C extends Component>(component: C): Promise<C> {
    await component.start()
    this.onStop(() => component.stop())
    return component
  }

  /** Something to undo at the end. */
  onStop(stop: () => Promise<void> | void): void {
    this.#stops.push(stop)
  }

  /** Runs a start; one that fails stops what had started and throws what it threw. */
  async starting<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start()
    } catch (thrown) {
      await this.stop()
      throw thrown
    }
  }

  /** In reverse. One that does not stop cleanly is logged and keeps no other from stopping. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop()
      } catch (thrown) {
        this.#log.error('a part did not stop cleanly', { error: AppError.from(thrown) })
      }
    }
  }
}
