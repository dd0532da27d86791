import { AppError } from '../base/errors.js'
import type { Controller, Endpoint, Instance, InstanceConfig } from './controller.js'

/**
 * A target of its own for the cases that change keys and revocation lists: started for the first of them, and theirs one at
 * a time, because a list is written whole.
 */
export class Ground {
  readonly #controller: Controller
  readonly #config: InstanceConfig
  #instance: Promise<Instance> | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(controller: Controller, config: InstanceConfig) {
    this.#controller = controller
    this.#config = config
  }

  /** Throws `unavailable` when it does not start. */
  async take(): Promise<{ readonly endpoint: Endpoint; readonly release: () => void }> {
    const before = this.#turn
    let release = () => {}
    this.#turn = new Promise((resolve) => {
      release = resolve
    })
    await before
    try {
      this.#instance ??= this.#start()
      return { endpoint: (await this.#instance).endpoint, release }
    } catch (thrown) {
      release()
      throw thrown
    }
  }

  async stop(): Promise<void> {
    const instance = await this.#instance?.catch(() => undefined)
    await instance?.stop()
  }

  async #start(): Promise<Instance> {
    const started = await this.#controller.start(this.#config)
    if (started.kind === 'running') return started
    throw new AppError('unavailable', `the target did not start: ${started.text}`)
  }
}
