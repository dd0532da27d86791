import type { Case, Variant } from '../../conformance/case.js'
import { CASES, casesOf } from '../../conformance/cases/catalogue.js'
import { doorsOf, wayOf } from '../../conformance/door.js'
import type { CaseId } from '../../conformance/matrix.js'
import type { Input } from '../command.js'
import type { Column } from '../table.js'
import { selectionOf } from './selection.js'

/** A case without what runs it. */
export type ListedCase = Omit<Case, 'procedure'> & { readonly variants: number }

export function listedCases(input: Input): readonly ListedCase[] {
  const { cases, levels, profiles } = selectionOf(input, true)
  return CASES.filter((one) => {
    const named = cases.length === 0 || cases.some((word) => one.id.startsWith(word) || one.area === word)
    const ofLevel = levels.length === 0 || levels.includes(one.level)
    const ofProfile = !input.given('profile') || one.profiles.some((profile) => profiles.includes(profile))
    return named && ofLevel && ofProfile
  }).map(({ procedure, ...facts }) => ({
    ...facts,
    variants: procedure.kind === 'calls' ? procedure.variants.length : 1,
  }))
}

export const CASE_COLUMNS: readonly Column<ListedCase>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'AREA', value: ({ area }) => area },
  { header: 'LEVEL', value: ({ level }) => level },
  { header: 'BASIS', value: ({ basis, delta }) => (delta ? `${basis} Δ` : basis) },
  { header: 'NORM', value: ({ norm }) => norm, wide: true },
  { header: 'SAFETY', value: ({ safety }) => safety, wide: true },
  { header: 'NEEDS', value: ({ needs }) => needs.join(','), wide: true },
  { header: 'PROFILES', value: ({ profiles }) => profiles.join(','), wide: true },
  { header: 'WHAT HOLDS', value: ({ title }) => title },
]

/** Undefined: there is no such case. */
export function explainCase(id: string): string | undefined {
  const found = casesOf(id as CaseId)
  return found.length === 0 ? undefined : found.map(explained).join('\n\n')
}

function explained(one: Case): string {
  const { id, area, title, level, basis, norm, delta, profiles, safety, needs, reproduce, procedure } = one
  const facts = [
    `${id}  ${title}`,
    '',
    `area      ${area}`,
    `level     ${level}${basis === 'ours' ? '; REPORT for a target that is not zonelab' : ''}`,
    `basis     ${basis}, ${norm}`,
    ...(delta ? [`answers   zonelab: ${delta.zonelab}; Kuma: ${delta.kuma}`] : []),
    `profiles  ${profiles.join(', ')}`,
    `needs     ${needs.join(', ')}`,
    `safety    ${safety}`,
    `again     ${reproduce}`,
  ]
  if (procedure.kind !== 'calls') return [...facts, '', 'A scenario: its steps are in the report.'].join('\n')
  const ways = [...new Set(one.profiles.map(wayOf))]
  const doors = procedure.doors ?? ways.flatMap(doorsOf)
  return [...facts, '', `Each of these on ${doors.join(', ')}:`, ...procedure.variants.map(variantLine)].join('\n')
}

function variantLine({ name, expect, kuma }: Variant): string {
  const other = kuma === undefined ? '' : `; Kuma: ${kuma.join(' or ')}`
  return `  ${name}: ${expect.join(' or ')}${other}`
}
