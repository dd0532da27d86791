import { createHash } from 'node:crypto'
import type { Case } from '../case.js'
import type { CaseId } from '../matrix.js'
import { ALGORITHM } from './algorithm.js'
import { CROSS_USE } from './cross-use.js'
import { DELETION } from './deletion.js'
import { IDENTITY } from './identity.js'
import { KEY_SELECTION } from './key-selection.js'
import { LIFE_CYCLE } from './life-cycle.js'
import { PRESENCE } from './presence.js'
import { REVOCATION } from './revocation.js'
import { SAT } from './sat.js'
import { SAT_LIFE } from './sat-life.js'
import { SECRETS } from './secrets.js'
import { SIDECAR_IDENTITY } from './sidecar-identity.js'
import { STRUCTURE } from './structure.js'
import { TENANT_API } from './tenant-api.js'
import { TENANT_SELECTION } from './tenant-selection.js'
import { TIME } from './time.js'
import { TLS } from './tls.js'
import { USER_REVOCATION } from './user-revocation.js'
import { ZONE_CLIENT } from './zone-client.js'
import { ZONE_CLIENT_TLS } from './zone-client-tls.js'

/** Every case, in the order of the matrix: by id, and of one id the part of the global first. */
export const CASES: readonly Case[] = [
  ...PRESENCE,
  ...ALGORITHM,
  ...KEY_SELECTION,
  ...STRUCTURE,
  ...TIME,
  ...IDENTITY,
  ...REVOCATION,
  ...LIFE_CYCLE,
  ...DELETION,
  ...TENANT_SELECTION,
  ...SAT,
  ...SAT_LIFE,
  ...CROSS_USE,
  ...TENANT_API,
  ...SECRETS,
  ...TLS,
  ...SIDECAR_IDENTITY,
  ...USER_REVOCATION,
  ...ZONE_CLIENT,
  ...ZONE_CLIENT_TLS,
].sort((a, b) => a.id.localeCompare(b.id))

/** More than one where a row is judged from both sides. */
export function casesOf(id: CaseId): readonly Case[] {
  return CASES.filter((candidate) => candidate.id === id)
}

/** Over what the cases say; two results are of the same matrix when it is equal. */
export function caseSetDigest(cases: readonly Case[]): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(cases)).digest('hex')}`
}
