import type { LinkFaultKind } from '../sync/link-fault.js'

/** One fault to be put on several links: what, on which share of the candidates, for how long. */
export interface FaultOrder {
  readonly kind: LinkFaultKind
  readonly share: number
  readonly durationMs: number
}

/**
 * Those of the candidates that are struck, at least one unless the share is 0. `next` is asked once for each pick, so
 * that a seed repeats a run.
 */
export function struckBy<T>({ share }: Pick<FaultOrder, 'share'>, candidates: readonly T[], next: () => number): T[] {
  const left = [...candidates]
  const count = share === 0 ? 0 : Math.min(left.length, Math.max(1, Math.round(left.length * share)))
  return Array.from({ length: count }, () => left.splice(Math.floor(next() * left.length), 1)).flat()
}
