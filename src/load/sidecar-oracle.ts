import type { LoadPlan, PlannedZone } from './plan.js'
import type { WrittenType } from './write-body.js'

/** Types whose writes show in a sidecar's clusters: `sidecar-mark.ts` reads them there. */
export const MARKED_TYPES: readonly WrittenType[] = ['MeshTimeout', 'MeshCircuitBreaker']

/**
 * What a sidecar's clusters should show at the end: for each service that it calls, and each type that shows there, the
 * last write of the policy that holds for it. Of several policies for one group the alphabetically first name is the
 * strongest, which is Kuma's rule for policies that are equal otherwise.
 */
export function expectedOfSidecar(
  plan: LoadPlan,
  zone: PlannedZone,
  name: string,
  accepted: ReadonlyMap<number, number>,
): Map<string, number> {
  const sidecar = zone.sidecars.find((candidate) => candidate.name === name)
  const expected = new Map<string, number>()
  if (!sidecar) return expected
  for (const type of MARKED_TYPES) {
    const [strongest] = plan.resources
      .filter((one) => one.type === type && one.tenant === zone.tenant && accepted.has(one.index))
      .filter(({ group }) => group === undefined || group === sidecar.group)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    if (!strongest) continue
    for (const service of sidecar.outbounds) expected.set(`${type}/${service}`, accepted.get(strongest.index) ?? 0)
  }
  return expected
}
