import type { Case } from './case.js'
import type { Controller } from './controller.js'
import type { Level, Need, Profile, Safety } from './matrix.js'
import { NOT_SELECTED } from './verdict.js'

/** What the user asked for. */
export interface Selection {
  readonly profiles: readonly Profile[]
  /** Ids or beginnings of ids, or names of areas; empty: all. */
  readonly cases: readonly string[]
  /** Empty: all. */
  readonly levels: readonly Level[]
  readonly safeties: readonly Safety[]
}

/** What is at hand. */
export interface Means {
  readonly keys: boolean
  readonly api: boolean
  readonly platform: boolean
  readonly controller: Controller | undefined
  readonly isZonelab: boolean
}

export interface PlannedCase {
  readonly case: Case
  /** As it binds this target. */
  readonly level: Level
  /** Why it is not run; undefined: it is. */
  readonly skip: string | undefined
}

/** Every case of the profiles, each run or not for a reason. */
export function planCases(cases: readonly Case[], selection: Selection, means: Means): readonly PlannedCase[] {
  return cases
    .filter(({ profiles }) => profiles.some((profile) => selection.profiles.includes(profile)))
    .map((one) => ({ case: one, level: bindingLevel(one, means.isZonelab), skip: skipReason(one, selection, means) }))
}

/** What only zonelab says binds nobody else. */
function bindingLevel({ basis, level }: Case, isZonelab: boolean): Level {
  return basis === 'ours' && !isZonelab ? 'REPORT' : level
}

function skipReason(one: Case, { cases, levels, safeties }: Selection, means: Means): string | undefined {
  if (cases.length > 0 && !cases.some((word) => one.id.startsWith(word) || one.area === word)) return NOT_SELECTED
  const level = bindingLevel(one, means.isZonelab)
  if (levels.length > 0 && !levels.includes(level)) return NOT_SELECTED
  const missing = one.needs.filter((need) => !isThere(need, means))
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  if (!safeties.includes(one.safety) && !standsApart(one, means)) return `needs --${one.safety}`
  return undefined
}

/** A scenario that changes a target changes one of its own, where the controller can start one. */
function standsApart({ procedure }: Case, { controller }: Means): boolean {
  return procedure.kind === 'scenario' && controller?.hooks.has('start') === true
}

function isThere(need: Need, { keys, api, platform, controller }: Means): boolean {
  switch (need) {
    case 'wire':
    case 'raw-http2':
      return true
    case 'keys':
      return keys
    case 'api':
      return api
    case 'platform':
      return platform
    case 'operator':
      return controller !== undefined
    case 'client':
      return controller?.hooks.has('start-zone') === true
    default:
      return need satisfies never
  }
}
