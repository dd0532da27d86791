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

/** Two runs of one value differ by more than this anyway. */
const CLOSE_ENOUGH = 0.1

/** Doubles until a step breaks, then halves what lies between the last that held and the first that broke. */
export async function searchLimit({ from, max, attempt }: LimitSearch): Promise<Limit> {
  let held: number | undefined
  let broke: number | undefined
  for (let value: number | undefined = from; value !== undefined; value = nextStep(held, broke, max)) {
    const outcome = await attempt(value)
    if (outcome === 'unknown') return { held, broke, unknown: value }
    if (outcome === 'held') held = value
    else broke = value
  }
  return { held, broke, unknown: undefined }
}

/** Undefined: it is known well enough. */
function nextStep(held: number | undefined, broke: number | undefined, max: number): number | undefined {
  if (held === undefined) return undefined
  if (broke === undefined) return held >= max ? undefined : Math.min(max, held * 2)
  if (broke - held <= Math.max(1, held * CLOSE_ENOUGH)) return undefined
  return Math.floor((held + broke) / 2)
}
