import type { Laggard } from '../insights/sync-report.js'
import { DEFAULT_TENANT } from '../model/tenant.js'

/** `zone-2 (MeshTimeout): has not answered`; of a control plane that has a name, `zone-2 of cp-1 (MeshTimeout): …`. */
export function describeLaggard({ component, tenant, type, why }: Laggard): string {
  const of = tenant === undefined || tenant === DEFAULT_TENANT ? '' : ` of ${tenant}`
  return `${component}${of}${type === undefined ? '' : ` (${type})`}: ${why}`
}

/** Beyond it a list of laggards says no more than their number. */
const LAGGARDS_SHOWN_MAX = 20

/** A line each, the first of them. */
export function laggardLines(laggards: readonly Laggard[]): string[] {
  const lines = laggards.slice(0, LAGGARDS_SHOWN_MAX).map(describeLaggard)
  const more = laggards.length - lines.length
  return more > 0 ? [...lines, `and ${more} more`] : lines
}
