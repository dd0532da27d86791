import { randomBytes, randomUUID } from 'node:crypto'

/** The only door to randomness, so that a seed replays a run. Key material never comes from here. */
export interface Random {
  /** In [0, 1). */
  next(): number
  uuid(): string
}

export const systemRandom: Random = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  // Node glues its own together from twenty pieces, and they stay: a copy is one piece.
  uuid: () => Buffer.from(randomUUID(), 'latin1').toString('latin1'),
}

/** Deterministic (mulberry32): the same seed gives the same numbers and the same uuids. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')
  return { next, uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` }
}
