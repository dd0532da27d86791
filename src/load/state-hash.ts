import { createHash } from 'node:crypto'

/** One number for what somebody holds: by what is written, its last write. The order of entries does not matter. */
export function stateHash(held: Iterable<readonly [string, number]>): string {
  const hash = createHash('sha256')
  for (const [what, write] of [...held].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${what}=${write}\n`)
  return hash.digest('hex').slice(0, 16)
}
