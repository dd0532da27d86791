import { type CoreTicks, coreTicks, stolenShare } from './machine.js'

/** Where a host takes more of the cores than this, latencies are its own. */
const STOLEN_SHARE_MAX = 0.05

/**
 * Takes turns A-B-…-B-A, pair after pair, so that what drifts meets all alike; the first turn of each is not counted.
 * On a busy machine fewer pairs are taken, and the interval says so. Pairs in which the machine's host gave its cores to others
 * are taken again while there is time; of what there is then, the calm ones count, or the calmest `pairsMin`.
 */
export async function interleaved<Name extends string>(
  names: readonly Name[],
  turn: (name: Name) => Promise<number>,
  { pairs, pairsMin, withinMs, nowMs, ticks = coreTicks }: InterleavedOptions,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  for (const name of names) await turn(name)
  const endMs = nowMs() + withinMs
  const taken: Pair<Name>[] = []
  const calm = () => taken.filter(({ stolen }) => stolen <= STOLEN_SHARE_MAX)
  while (calm().length < pairs && (taken.length < pairsMin || nowMs() < endMs)) {
    const order = taken.length % 2 === 0 ? names : names.toReversed()
    const before = ticks()
    const values = new Map<Name, number>()
    for (const name of order) values.set(name, await turn(name))
    taken.push({ values, stolen: stolenShare(before, ticks()) })
  }
  const calmest = taken.toSorted((a, b) => a.stolen - b.stolen).slice(0, Math.max(pairsMin, calm().length))
  const counted = taken.filter((pair) => calmest.includes(pair))
  const valuesOf = (name: Name) => counted.map(({ values }) => values.get(name) as number)
  return Object.fromEntries(names.map((name) => [name, valuesOf(name)])) as Record<Name, number[]>
}

interface Pair<Name> {
  readonly values: ReadonlyMap<Name, number>
  readonly stolen: number
}

export interface InterleavedOptions {
  readonly pairs: number
  readonly pairsMin: number
  readonly withinMs: number
  readonly nowMs: () => number
  /** Default: this machine's. */
  readonly ticks?: () => CoreTicks
}
