import { AREAS, type Area } from '../matrix.js'
import type { CaseResult } from '../result.js'

export interface AreaCases {
  readonly area: Area
  readonly title: string
  readonly cases: readonly CaseResult[]
}

export const AREA_TITLES: Readonly<Record<Area, string>> = {
  presence: 'Presence and transport of the credential',
  algorithm: 'Algorithm',
  'key-selection': 'Key selection',
  structure: 'Header extensions and structure',
  time: 'Time claims',
  identity: 'Identity, scope, revocation',
  'life-cycle': 'Life cycle, open streams, replicas',
  'tenant-selection': 'Tenant selection',
  sat: 'System account and personal access tokens',
  'cross-use': 'Cross-use of token kinds, and REST',
  tls: 'TLS',
}

/** The areas that have cases in this result, in the order of the matrix. */
export function byArea(cases: readonly CaseResult[]): readonly AreaCases[] {
  return AREAS.map((area) => ({
    area,
    title: AREA_TITLES[area],
    cases: cases.filter((one) => one.area === area),
  })).filter((group) => group.cases.length > 0)
}
