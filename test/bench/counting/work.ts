import { Session } from 'node:inspector/promises'
import { countElements, elementsWalked } from './elements.js'

/** What some work cost, whatever the machine did meanwhile. */
export interface Work {
  /** How often a block of our code ran: a function, a branch, the body of a loop. */
  readonly blocks: number
  /** Elements of collections that natives walked, for our code or a library's. */
  readonly elements: number
}

const session = new Session()
let counting = false

/**
 * Code that has run before has no counters, so this comes before it is loaded; and code that V8 optimises leaves the calls
 * of what it took into itself uncounted, so a process that counts is one of `COUNTED`.
 */
export async function startCounting(): Promise<void> {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  countElements()
  counting = true
}

/** Blocks are those of code whose address has the form. */
export async function workOf(ours: RegExp, run: () => Promise<void>): Promise<Work> {
  if (!counting) throw new Error('nothing counts in this process: start it with the flags of COUNTED')
  await takeBlocks(ours)
  const before = elementsWalked()
  await run()
  const elements = elementsWalked() - before
  return { blocks: await takeBlocks(ours), elements }
}

/** Since the last time: taking the counts resets them. */
async function takeBlocks(ours: RegExp): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  let sum = 0
  for (const { url, functions } of result) {
    if (!ours.test(url)) continue
    for (const { ranges } of functions) for (const { count } of ranges) sum += count
  }
  return sum
}

export function perChange({ blocks, elements }: Work, changes: number): Work {
  return { blocks: blocks / changes, elements: elements / changes }
}
