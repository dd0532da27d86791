import { SAFETIES } from '../../conformance/matrix.js'
import type { PlannedCase } from '../../conformance/plan.js'
import type { Preflight } from '../../conformance/preflight.js'
import type { CaseResult } from '../../conformance/result.js'
import type { RunObserver } from '../../conformance/runner.js'
import type { Context } from '../command.js'
import { duration } from '../quantities.js'

/** A line comes at least every second, on a machine that is full too. */
const EVERY_MS = 900

/** Tells a run as it goes: the plan, each case that did not pass, and a line every second. */
export class Progress implements RunObserver {
  readonly #context: Context
  readonly #address: string
  readonly #startedMs: number
  #due = 0
  #done = 0
  #attempts = 0
  #cancel = () => {}

  constructor(context: Context, address: string) {
    this.#context = context
    this.#address = address
    this.#startedMs = context.clock.monotonicMs()
  }

  onPlan(plan: readonly PlannedCase[]): void {
    const { io } = this.#context
    const due = plan.filter(({ skip }) => skip === undefined)
    this.#due = due.length
    const safeties = SAFETIES.flatMap((safety) => {
      const count = due.filter((one) => one.case.safety === safety).length
      return count === 0 ? [] : [`${count} ${safety}`]
    })
    const reasons = new Map<string, number>()
    for (const { skip } of plan) if (skip !== undefined) reasons.set(skip, (reasons.get(skip) ?? 0) + 1)
    io.err(`target    ${this.#address}`)
    io.err(`plan      ${due.length} of ${plan.length} cases${safeties.length > 0 ? `: ${safeties.join(', ')}` : ''}`)
    for (const [reason, count] of reasons) io.err(`not run   ${count} (${reason})`)
    this.#tick()
  }

  onTarget({ product, fingerprint }: Preflight): void {
    const facts = [product, fingerprint === undefined ? 'no certificate' : `SHA256:${fingerprint}`]
    this.#context.io.err(`found     ${facts.filter(Boolean).join(' · ')}`)
  }

  onAttempt(): void {
    this.#attempts += 1
  }

  onCase({ id, title, level, outcome }: CaseResult): void {
    this.#done += 1
    if (outcome.kind === 'passed' || outcome.kind === 'not-run') return
    const { io } = this.#context
    const colour = outcome.kind === 'failed' && level !== 'REPORT' ? 'red' : 'yellow'
    io.err(`${io.paint(colour, outcome.kind)} ${id} ${title}: ${outcome.why}`)
  }

  end(): void {
    this.#cancel()
  }

  #tick(): void {
    this.#cancel = this.#context.clock.after(EVERY_MS, () => {
      const elapsed = duration(this.#context.clock.monotonicMs() - this.#startedMs)
      this.#context.io.err(`${this.#done}/${this.#due} cases · ${this.#attempts} calls judged · ${elapsed}`)
      this.#tick()
    })
  }
}
