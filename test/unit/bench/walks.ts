import { offer } from '../../bench/child.js'
import { type Work, workOf } from '../../bench/counting/work.js'

type Walk = (there: Map<string, { readonly size: number }>) => unknown

/** Ways to look through all that there is, and one that does not. */
const WALKS = {
  'a look-up': (there) => there.get('1'),
  'a loop': (there) => {
    let sum = 0
    for (const { size } of there.values()) sum += size
    return sum
  },
  'a filter': (there) => [...there.values()].filter(({ size }) => size < 0),
  'a spread': (there) => [...there],
  'a copy': (there) => new Map(there),
  'a native': (there) => there.forEach(Boolean),
  'a sort': (there) => Array.from(there.keys()).sort(),
} as const satisfies Record<string, Walk>

export type WalkName = keyof typeof WALKS

/** More than V8 waits for before it optimises. */
const RUNS_BEFORE = 3_000
const RUNS = 10

const methods = {
  async walk(name: WalkName, size: number): Promise<Work> {
    const there = new Map(Array.from({ length: size }, (_, index) => [String(index), { size: index }]))
    const walk = WALKS[name]
    for (let run = 0; run < RUNS_BEFORE; run += 1) walk(there)
    return await workOf(/walks/, async () => {
      for (let run = 0; run < RUNS; run += 1) walk(there)
    })
  },
}

export type Walker = typeof methods

offer(methods)
