import { readJws } from '../auth/gate.js'
import { parseStrictJsonObject } from '../auth/strict-json.js'
import {
  dataplaneKeys,
  dataplaneRevocations,
  type KeyPlace,
  USER_KEYS,
  USER_REVOCATIONS,
  ZONE_KEYS,
  ZONE_REVOCATIONS,
} from '../auth/token-secrets.js'
import { AppError } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'
import type { ResourceKey } from '../model/resource.js'
import type { Flag, Input } from './command.js'

export const TOKEN_KINDS = ['zone', 'user', 'dataplane'] as const
export type TokenKind = (typeof TOKEN_KINDS)[number]

export const KIND_FLAG: Flag = {
  name: 'kind',
  value: 'KIND',
  doc: 'What the token is for; without it, what its claims look like',
  words: TOKEN_KINDS,
}

export interface TokenParts {
  readonly header: JsonObject
  readonly claims: JsonObject
}

/** What a token says, unverified; undefined when it is no JWT. */
export function partsOf(token: string): TokenParts | undefined {
  const jws = readJws(token)
  const claims = jws.kind === 'jws' ? parseStrictJsonObject(jws.payload) : undefined
  return jws.kind === 'jws' && claims ? { header: jws.header, claims } : undefined
}

/** By `--kind`, or by its claims. Throws `invalid-argument` when neither says. */
export function kindOf(input: Input, parts: TokenParts | undefined): TokenKind {
  const said = input.word('kind', TOKEN_KINDS)
  if (said !== undefined) return said
  const claims = parts?.claims ?? {}
  if ('Zone' in claims) return 'zone'
  if ('Mesh' in claims) return 'dataplane'
  if ('Name' in claims) return 'user'
  throw new AppError('invalid-argument', `say what the token is for: --kind ${TOKEN_KINDS.join('|')}`)
}

/** Where the keys of a kind lie in a control plane, and its list of revoked ids. */
export function placeOf(kind: TokenKind, mesh: string): { readonly keys: KeyPlace; readonly revocations: ResourceKey } {
  switch (kind) {
    case 'zone':
      return { keys: ZONE_KEYS, revocations: ZONE_REVOCATIONS }
    case 'user':
      return { keys: USER_KEYS, revocations: USER_REVOCATIONS }
    case 'dataplane':
      return { keys: dataplaneKeys(mesh), revocations: dataplaneRevocations(mesh) }
  }
}
