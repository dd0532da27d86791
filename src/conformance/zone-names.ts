import { sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Target } from './target.js'

/** A zone whose streams have just ended is offline within seconds; before that it may not be deleted. */
const OFFLINE_WITHIN_MS = 15_000
const ASK_EVERY_MS = 200

/** The zones of one run: names that nobody else has, and their removal. */
export class ZoneNames {
  readonly #target: Target
  readonly #prefix: string
  readonly #legal: string[] = []
  #count = 0

  constructor(target: Target) {
    this.#target = target
    this.#prefix = `zl-conf-${target.random.uuid().slice(0, 8)}`
  }

  /** One that legal calls are made as; a global makes a Zone of it. */
  legal(): string {
    const name = this.#next('z')
    this.#legal.push(name)
    return name
  }

  /** One that no legal call will name. */
  unseen(): string {
    return this.#next('n')
  }

  /** Removes what the target made of them; what is left, as lines. */
  async removeAll(): Promise<readonly string[]> {
    const { api, clock } = this.#target
    if (api === undefined)
      return this.#legal.length === 0 ? [] : [`Zones ${this.#prefix}-z… (without --api they cannot be removed)`]
    const left: string[] = []
    const endMs = clock.monotonicMs() + OFFLINE_WITHIN_MS
    for (const name of this.#legal) {
      let why = await this.#remove(name)
      while (why !== undefined && clock.monotonicMs() < endMs) {
        await sleep(clock, ASK_EVERY_MS)
        why = await this.#remove(name)
      }
      if (why !== undefined) left.push(`Zone ${name} (${why})`)
    }
    return left
  }

  async #remove(name: string): Promise<string | undefined> {
    try {
      await this.#target.api?.delete(`/zones/${name}`)
      return undefined
    } catch (thrown) {
      return AppError.from(thrown).message
    }
  }

  /** The Dataplane of one lane, which the lane makes and removes. */
  dataplane(): string {
    return this.#next('d')
  }

  #next(kind: string): string {
    this.#count += 1
    return `${this.#prefix}-${kind}${this.#count}`
  }
}
