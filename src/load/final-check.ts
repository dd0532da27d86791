import { hashedName, wireName } from '../model/naming.js'
import type { FinalState } from './crew-orders.js'
import type { WriteFate } from './open-loop.js'
import type { LoadPlan } from './plan.js'
import type { FinalLine } from './run-lines.js'
import { type Scenario, tierOf } from './scenario.js'
import { expectedOfSidecar } from './sidecar-oracle.js'
import { stateHash } from './state-hash.js'

/** What is missing of one zone is named; the rest is counted. */
const LACKS_SHOWN_MAX = 5

/**
 * Compares what every zone and sidecar holds with what the writer knows to have been accepted: from the plan and the
 * API's answers alone, without any of the code that carried it.
 */
export function judgeFinal(
  plan: LoadPlan,
  scenario: Scenario,
  fates: ReadonlyMap<number, WriteFate>,
  states: readonly FinalState[],
): FinalLine {
  const accepted = lastAccepted(plan, fates)
  const byTenant = new Map(
    [...new Set(plan.zones.map(({ tenant }) => tenant))].map((tenant) => [
      tenant,
      expectedOfZone(plan, tenant, accepted),
    ]),
  )
  const zones = new Map(plan.zones.map((zone) => [zone.name, zone]))
  const wrong: { name: string; lacks: string[] }[] = []
  let zonesSeen = 0
  let sidecarsSeen = 0
  for (const state of states) {
    const [zoneName = '', sidecarName] = state.name.split('/')
    const zone = zones.get(zoneName)
    if (!zone) continue
    const expected =
      sidecarName === undefined
        ? (byTenant.get(state.tenant) ?? new Map())
        : expectedOfSidecar(plan, { ...zone, tenant: state.tenant }, sidecarName, accepted)
    if (sidecarName === undefined) zonesSeen += 1
    else sidecarsSeen += 1
    if (state.hash !== stateHash(expected)) wrong.push({ name: state.name, lacks: differences(expected, state.held) })
  }
  const total = plan.zones.reduce((sum, { sidecars }) => sum + sidecars.length, 0)
  const sidecarsJudged = tierOf(scenario.topology) === 'full' && total > 0
  return { kind: 'final', zones: zonesSeen, sidecars: sidecarsSeen, wrong, sidecarsJudged }
}

/** By resource: its last accepted write. */
function lastAccepted(plan: LoadPlan, fates: ReadonlyMap<number, WriteFate>): ReadonlyMap<number, number> {
  const last = new Map<number, number>()
  for (const { number, resource } of plan.writes) {
    if (fates.get(number)?.kind === 'accepted') last.set(resource, number)
  }
  return last
}

/** By `TYPE/NAME` as it travels to zones. */
function expectedOfZone(plan: LoadPlan, tenant: string, accepted: ReadonlyMap<number, number>): Map<string, number> {
  const own = plan.resources.filter((resource) => resource.tenant === tenant && accepted.has(resource.index))
  return new Map(
    own.map(({ type, name, index }) => [
      `${type}/${wireName(plan.mesh, hashedName({ mesh: plan.mesh, name, labels: {} }))}`,
      accepted.get(index) ?? 0,
    ]),
  )
}

function differences(expected: ReadonlyMap<string, number>, held: FinalState['held']): string[] {
  const has = new Map(held)
  const lacks = [...expected].flatMap(([what, write]) =>
    has.get(what) === write ? [] : [`${what}: has ${has.get(what) ?? 'nothing'}, should have ${write}`],
  )
  const more = [...has.keys()].filter((what) => !expected.has(what)).map((what) => `${what}: should not be there`)
  const all = [...lacks, ...more]
  const shown = all.slice(0, LACKS_SHOWN_MAX)
  return all.length > shown.length ? [...shown, `and ${all.length - shown.length} more`] : shown
}
