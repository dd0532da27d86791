import type { Answer } from './answer.js'
import { PEER_SERVED, UNDISTURBED } from './probe.js'
import type { Attempt, Exchange } from './result.js'

/** A target that answers nobody any more keeps every call until its deadline: that is found out once, and ends the run. */
export class Liveness {
  readonly #legalCall: () => Promise<Pick<Exchange, 'answer'>>
  readonly #onGone: () => void
  #asking: Promise<void> | undefined

  constructor(legalCall: () => Promise<Pick<Exchange, 'answer'>>, onGone: () => void) {
    this.#legalCall = legalCall
    this.#onGone = onGone
  }

  note(attempt: Attempt): void {
    if (isUnanswered(attempt)) void this.ask()
  }

  /** Those who ask at the same time are told by one call. */
  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  /** Twice: a machine that is full may keep one call waiting. */
  async #ask(): Promise<void> {
    if ((await this.#isSilent()) && (await this.#isSilent())) this.#onGone()
  }

  #isSilent(): Promise<boolean> {
    return this.#legalCall().then(
      ({ answer }) => isSilent(answer),
      () => true,
    )
  }
}

/** What is wrong with it may be that nobody is there: no answer to the call, or none to the legal ones beside it. */
export function isUnanswered({ verdict, call, control, probes }: Attempt): boolean {
  if (verdict === 'passed') return false
  const { what } = probes.find(({ held }) => !held) ?? {}
  return [call, control].some((one) => isSilent(one?.answer)) || what === PEER_SERVED || what === UNDISTURBED
}

function isSilent(answer: Answer | undefined): boolean {
  return answer === 'TIMEOUT' || answer === 'CONNECTION'
}
