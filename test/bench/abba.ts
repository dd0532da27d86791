/**
 * Takes turns A-B-…-B-A, pair after pair, so that what drifts meets all alike; the first turn of each is not counted.
 * On a busy machine fewer pairs are taken, and the interval says so.
 */
export async function interleaved<Name extends string>(
  names: readonly Name[],
  turn: (name: Name) => Promise<number>,
  { pairs, pairsMin, withinMs, nowMs }: InterleavedOptions,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const taken = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (const name of names) await turn(name)
  const endMs = nowMs() + withinMs
  for (let pair = 0; pair < pairs && (pair < pairsMin || nowMs() < endMs); pair += 1) {
    const order = pair % 2 === 0 ? names : names.toReversed()
    for (const name of order) taken.get(name)?.push(await turn(name))
  }
  return Object.fromEntries(taken) as Record<Name, number[]>
}

export interface InterleavedOptions {
  readonly pairs: number
  readonly pairsMin: number
  readonly withinMs: number
  readonly nowMs: () => number
}
