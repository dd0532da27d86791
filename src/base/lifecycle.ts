import { AppError } from './errors.js'
import type { Logger } from './log.js'

/** A part that is started and stopped with its process. `stop` is idempotent and must settle. */
export interface Component {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts in order and stops in reverse; a failed start stops what had started and rethrows. */
export class Lifecycle {
  readonly #components: Component[]
  readonly #log: Logger
  #started: Component[] = []

  constructor(components: Component[], log: Logger) {
    this.#components = components
    this.#log = log
  }

  async start(): Promise<void> {
    for (const component of this.#components) {
      try {
        await component.start()
      } catch (thrown) {
        await this.stop()
        throw AppError.from(thrown)
      }
      this.#started.push(component)
    }
  }

  async stop(): Promise<void> {
    const stopping = this.#started.reverse()
    this.#started = []
    for (const component of stopping) {
      try {
        await component.stop()
      } catch (thrown) {
        this.#log.error('component did not stop cleanly', { component: component.name, error: thrown })
      }
    }
  }
}
