import type { Answer } from './answer.js'
import type { Door } from './door.js'
import type { Attempt, Behaviours, CaseOutcome, CaseResult, Exchange, Probe } from './result.js'

/** What a variant or a step expects. */
export interface Expectation {
  readonly expect: readonly Answer[]
  readonly kuma?: readonly Answer[] | undefined
}

export interface Observed {
  readonly rpc?: Door
  readonly variant: string
  readonly call: Exchange
  readonly control?: Exchange
  readonly probes: readonly Probe[]
}

/** The answers that pass. */
export function accepted({ expect, kuma = [] }: Expectation, answers: Behaviours['answers']): readonly Answer[] {
  return answers === 'zonelab' ? expect : [...new Set([...expect, ...kuma])]
}

/** A refusal proves nothing when the same call without the mutation is refused too. */
export function judge(expectation: Expectation, answers: Behaviours['answers'], observed: Observed): Attempt {
  const expected = accepted(expectation, answers)
  const attempt = { ...observed, expected }
  const { call, control, probes } = observed
  // A hostile call that is served is a failure whatever became of the control.
  if (control !== undefined && control.answer !== 'OK' && call.answer !== 'OK') {
    const why = `the control was refused too: ${described(control)}`
    return { ...attempt, verdict: 'inconclusive', why }
  }
  if (!expected.includes(call.answer)) {
    return { ...attempt, verdict: 'failed', why: `expected ${expected.join(' or ')}, got ${described(call)}` }
  }
  const broken = probes.find(({ held }) => !held)
  if (broken === undefined) return { ...attempt, verdict: 'passed' }
  const detail = broken.detail === undefined ? '' : `: ${broken.detail}`
  return { ...attempt, verdict: 'failed', why: `afterwards it does not hold that ${broken.what}${detail}` }
}

/** Whose answers a row with two of them got. */
export function answeredAs(
  judged: readonly { readonly expectation: Expectation; readonly attempt: Attempt }[],
): CaseResult['answeredAs'] {
  const words = judged.flatMap(({ expectation: { expect, kuma }, attempt }) => {
    const answer = attempt.call?.answer
    if (answer === undefined || kuma === undefined || attempt.verdict === 'inconclusive') return []
    if (expect.includes(answer)) return ['zonelab' as const]
    return kuma.includes(answer) ? ['kuma' as const] : []
  })
  const [first] = words
  return words.every((word) => word === first) ? first : 'mixed'
}

/** Failing outweighs not knowing, for one broken promise is enough. */
export function outcomeOf(attempts: readonly Attempt[]): CaseOutcome {
  const worst =
    attempts.find(({ verdict }) => verdict === 'failed') ?? attempts.find(({ verdict }) => verdict === 'inconclusive')
  if (worst === undefined) {
    return attempts.length > 0 ? { kind: 'passed' } : { kind: 'inconclusive', why: 'nothing was tried' }
  }
  const where = [worst.variant, ...(worst.rpc === undefined ? [] : [`on ${worst.rpc}`])].join(' ')
  return { kind: worst.verdict === 'failed' ? 'failed' : 'inconclusive', why: `${where}: ${worst.why}` }
}

function described({ answer, status, text }: Exchange): string {
  const code = answer === 'OTHER' && status !== undefined ? `status ${status}` : answer
  return text === '' ? code : `${code} (${text.slice(0, 160)})`
}
