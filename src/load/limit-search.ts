import type { StepLine } from './run-lines.js'

/** What one step of a search came to. `unknown`: nobody can say, and a larger one would not be clearer. */
export type StepOutcome = 'held' | 'broke' | 'unknown'

export interface LimitSearch {
  readonly from: number
  readonly max: number
  /** Runs one step. */
  readonly attempt: (value: number) => Promise<StepOutcome>
}

export interface Limit {
  /** The largest value that held; undefined: not even the first did. */
  readonly held: number | undefined
  /** The smallest that broke; undefined: none did up to the largest that may be tried. */
  readonly broke: number | undefined
  /** The search ended because a step could not be judged. */
  readonly unknown: number | undefined
}

interface Step {
  readonly value: number
  readonly outcome: StepOutcome
}

/** Two runs of one value differ by more than this anyway. */
const CLOSE_ENOUGH = 0.1

/** Doubles until a step breaks, then halves what lies between the last that held and the first that broke. */
export async function searchLimit({ from, max, attempt }: LimitSearch): Promise<Limit> {
  const steps: Step[] = []
  for (let value: number | undefined = from; value !== undefined; value = nextStep(limitOf(steps), max)) {
    steps.push({ value, outcome: await attempt(value) })
  }
  return limitOf(steps)
}

/** Undefined: it is known well enough, or cannot be. */
function nextStep({ held, broke, unknown }: Limit, max: number): number | undefined {
  if (held === undefined || unknown !== undefined) return undefined
  if (broke === undefined) return held >= max ? undefined : Math.min(max, held * 2)
  if (broke - held <= Math.max(1, held * CLOSE_ENOUGH)) return undefined
  return Math.floor((held + broke) / 2)
}

function limitOf(steps: readonly Step[]): Limit {
  const values = (outcome: StepOutcome) => steps.filter((step) => step.outcome === outcome).map(({ value }) => value)
  const [held, broke] = [values('held'), values('broke')]
  return {
    held: held.length === 0 ? undefined : Math.max(...held),
    broke: broke.length === 0 ? undefined : Math.min(...broke),
    unknown: values('unknown')[0],
  }
}

/** How the run of a step ended, to the search. A target that a larger load kills has broken under it. */
export const STEP_OUTCOMES: Readonly<Record<StepLine['outcome'], StepOutcome>> = {
  passed: 'held',
  crossed: 'broke',
  failed: 'broke',
  inconclusive: 'unknown',
  interrupted: 'unknown',
  'not run': 'unknown',
}

const WHY_UNKNOWN: Readonly<Partial<Record<StepLine['outcome'], string>>> = {
  inconclusive: 'the generator was the bottleneck, and nobody can say',
  interrupted: 'the search was interrupted',
  'not run': 'there could be no run',
}

/** The limit as the steps of a run file tell it. */
export function limitOfSteps(steps: readonly StepLine[]): Limit {
  return limitOf(steps.map(({ value, outcome }) => ({ value, outcome: STEP_OUTCOMES[outcome] })))
}

/** `20 zones hold, 22 do not`. */
export function limitSentence(steps: readonly StepLine[]): string {
  const { held, broke, unknown } = limitOfSteps(steps)
  const { knob = '', value: first } = steps[0] ?? {}
  const none = broke === undefined ? 'unknown' : `not even ${first} ${knob} hold`
  const reached = held === undefined ? none : `${held} ${knob} hold`
  const beyond = held === undefined || broke === undefined ? '' : `, ${broke} do not`
  const last = steps.at(-1)
  const end = unknown === undefined || !last ? '' : `; at ${unknown} ${WHY_UNKNOWN[last.outcome] ?? last.outcome}`
  return `${reached}${beyond}${end}`
}
