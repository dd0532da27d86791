import type { Attempt, CaseResult, Exchange } from '../result.js'

/** As many as a reader of a log looks at; the HTML and JSON reports have all. */
const ATTEMPTS_SHOWN_MAX = 5

/** What of a case did not go as it should, as plain lines. */
export function evidenceOf({ attempts, reproduce }: CaseResult): readonly string[] {
  const telling = attempts.filter(({ verdict }) => verdict !== 'passed')
  const hidden = telling.length - ATTEMPTS_SHOWN_MAX
  return [
    ...telling.slice(0, ATTEMPTS_SHOWN_MAX).flatMap(attemptLines),
    ...(hidden > 0 ? [`and ${hidden} more like these`] : []),
    `again: ${reproduce}`,
  ]
}

export function attemptTitle({ rpc, variant }: Pick<Attempt, 'rpc' | 'variant'>): string {
  return rpc === undefined ? variant : `${variant}, ${rpc}`
}

export function expectation({ expected }: Attempt): string {
  return expected.join(' or ')
}

/** The answer with what came with it. */
export function answerText({ answer, status, text }: Exchange): string {
  const number = status === undefined ? '' : ` (${status})`
  return text === '' ? `${answer}${number}` : `${answer}${number}: ${text}`
}

function attemptLines(attempt: Attempt): readonly string[] {
  const { call, control, expected, probes, why } = attempt
  const title = attemptTitle(attempt)
  // A step that is no call, or one of which the answer is ours.
  if (call === undefined || expected.length === 0) return [`${title}: ${why ?? attempt.verdict}`]
  return [
    `${title}: expected ${expectation(attempt)}, got ${answerText(call)}`,
    ...(control === undefined ? [] : [`  control: ${answerText(control)}`]),
    ...probes
      .filter(({ held }) => !held)
      .map(({ what, detail }) => `  did not hold: ${what}${detail ? ` (${detail})` : ''}`),
  ]
}
