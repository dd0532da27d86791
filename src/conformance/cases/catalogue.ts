import { createHash } from 'node:crypto'
import type { Case } from '../case.js'
import type { CaseId } from '../matrix.js'
import { ALGORITHM } from './algorithm.js'
import { CROSS_USE } from './cross-use.js'
import { IDENTITY } from './identity.js'
import { KEY_SELECTION } from './key-selection.js'
import { LIFE_CYCLE } from './life-cycle.js'
import { PRESENCE } from './presence.js'
import { REVOCATION } from './revocation.js'
import { SAT } from './sat.js'
import { SAT_LIFE } from './sat-life.js'
import { STRUCTURE } from './structure.js'
import { TENANT_SELECTION } from './tenant-selection.js'
import { TIME } from './time.js'
import { TLS } from './tls.js'

/** Every case, in the order of the matrix. */
export const CASES: readonly Case[] = [
  ...PRESENCE,
  ...ALGORITHM,
  ...KEY_SELECTION,
  ...STRUCTURE,
  ...TIME,
  ...IDENTITY,
  ...REVOCATION,
  ...LIFE_CYCLE,
  ...TENANT_SELECTION,
  ...[...SAT, ...SAT_LIFE].sort((a, b) => (a.id < b.id ? -1 : 1)),
  ...CROSS_USE,
  ...TLS,
]

export function caseOf(id: CaseId): Case | undefined {
  return CASES.find((candidate) => candidate.id === id)
}

/** Over what the cases say; two results are of the same matrix when it is equal. */
export function caseSetDigest(cases: readonly Case[]): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(cases)).digest('hex')}`
}
