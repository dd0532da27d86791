import type { Laggard } from '../insights/sync-report.js'

/** `zone-2 (MeshTimeout): has not answered`. */
export function describeLaggard({ component, type, why }: Laggard): string {
  return `${component}${type === undefined ? '' : ` (${type})`}: ${why}`
}

/** Beyond it a list of laggards says no more than their number. */
const LAGGARDS_SHOWN_MAX = 20

/** A line each, the first of them. */
export function laggardLines(laggards: readonly Laggard[]): string[] {
  const lines = laggards.slice(0, LAGGARDS_SHOWN_MAX).map(describeLaggard)
  const more = laggards.length - lines.length
  return more > 0 ? [...lines, `and ${more} more`] : lines
}
