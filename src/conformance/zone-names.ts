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
  /** The zone of a token that was handed over, where nobody says whether the run has made it. */
  #doubtful: string | undefined
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

  /** One that legal calls are made as because a token is for it. Not removed, unless it was not there before. */
  async adopt(name: string): Promise<void> {
    try {
      const { api } = this.#target
      if (api === undefined) this.#doubtful = name
      else if ((await api.get(`/zones/${name}`)) === undefined) this.#legal.push(name)
    } catch {
      this.#doubtful = name
    }
  }

  /** One that no legal call will name. */
  unseen(): string {
    return this.#next('n')
  }

  /** Removes what the target made of them; what is left, as lines. */
  async removeAll(): Promise<readonly string[]> {
    const { api, clock } = this.#target
    const left =
      this.#doubtful === undefined ? [] : [`Zone ${this.#doubtful}, if it was not there before (that cannot be read)`]
    if (api === undefined) {
      const made = `Zones ${this.#prefix}-z… (without --api they cannot be removed)`
      return this.#legal.length === 0 ? left : [...left, made]
    }
    const kept = new Map<string, string[]>()
    const endMs = clock.monotonicMs() + OFFLINE_WITHIN_MS
    let fault: AppError | undefined
    for (const name of this.#legal) {
      // An API that is away is not waited for again and again.
      if (fault?.code !== 'unavailable') fault = await this.#remove(name)
      while (fault !== undefined && clock.monotonicMs() < endMs) {
        await sleep(clock, ASK_EVERY_MS)
        fault = await this.#remove(name)
      }
      if (fault !== undefined) kept.set(fault.message, [...(kept.get(fault.message) ?? []), name])
    }
    return [...left, ...[...kept].map(([why, names]) => `Zones ${names.join(' ')} (${why})`)]
  }

  async #remove(name: string): Promise<AppError | undefined> {
    try {
      await this.#target.api?.delete(`/zones/${name}`)
      return undefined
    } catch (thrown) {
      return AppError.from(thrown)
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
