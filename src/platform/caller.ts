import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { RecordStore } from '../store/records.js'
import { type Entity, entityOf, type HolderKind, type Organization, Records, type Token } from './entities.js'
import { type Rights, rightsOf } from './grants.js'
import { digestOf, kindOf, sameSecret } from './secrets.js'

/** Who calls, proved by a token. */
export interface Caller extends Rights {
  readonly organization: Organization
  readonly holder: { readonly kind: HolderKind; readonly id: string; readonly name: string }
  readonly token: Token
}

/** Longer than any token of ours; what is over it is not even hashed. */
const TOKEN_LENGTH_MAX = 512

/** Throws `unauthenticated`, the same for every token that does not count. */
export async function authenticate(store: RecordStore, secret: string | undefined, clock: Clock): Promise<Caller> {
  const caller = secret === undefined ? undefined : await find(store, secret, clock.nowMs())
  if (!caller) throw new AppError('unauthenticated', 'A valid token is required')
  return caller
}

async function find(store: RecordStore, secret: string, nowMs: number): Promise<Caller | undefined> {
  const kind = kindOf(secret)
  if (kind === undefined || secret.length > TOKEN_LENGTH_MAX) return undefined
  const digest = digestOf(secret)
  const found = await store.findByDigest(digest)
  // The look-up compares digests, whose beginning nobody can choose; that they are equal is still checked in constant time.
  if (!found || !sameSecret(digest, found.record.digest ?? '')) return undefined
  const token = entityOf<'token'>(found.record)
  if (token.body.kind !== kind || !isLive(token, nowMs)) return undefined
  const records = new Records(store.organization(found.organization))
  const organization = await records.get('organization', found.organization)
  if (!organization || organization.body.state === 'deleted') return undefined
  if (kind === 'pat' && !organization.body.personalTokens) return undefined
  const holder = await holderOf(records, token)
  if (!holder) return undefined
  return { organization, holder, token, ...(await rightsOf(records, holder.id)) }
}

export function isLive({ body }: Token, nowMs: number): boolean {
  return body.revokedAtMs === undefined && nowMs < body.expiresAtMs
}

/** Undefined for one that is not active any more. */
export async function holderOf(records: Records, token: Token): Promise<Caller['holder'] | undefined> {
  const id = token.parent ?? ''
  if (token.body.kind === 'sat') {
    const account: Entity<'account'> | undefined = await records.get('account', id)
    return account && { kind: 'account', id, name: account.name }
  }
  const user = await records.get('user', id)
  return user?.body.active ? { kind: 'user', id, name: user.name } : undefined
}
