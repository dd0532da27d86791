import { createHash } from 'node:crypto'
import type { Case } from '../case.js'
import type { CaseId } from '../matrix.js'
import { ALGORITHM } from './algorithm.js'
import { KEY_SELECTION } from './key-selection.js'
import { PRESENCE } from './presence.js'
import { STRUCTURE } from './structure.js'
import { TIME } from './time.js'

/** Every case, in the order of the matrix. */
export const CASES: readonly Case[] = [...PRESENCE, ...ALGORITHM, ...KEY_SELECTION, ...STRUCTURE, ...TIME]

export function caseOf(id: CaseId): Case | undefined {
  return CASES.find((candidate) => candidate.id === id)
}

/** Over what the cases say; two results are of the same matrix when it is equal. */
export function caseSetDigest(cases: readonly Case[]): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(cases)).digest('hex')}`
}
