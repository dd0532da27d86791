import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { RecordStore } from '../store/records.js'
import { type Entity, entityOf, type HolderKind, type Organization, Records, type Token } from './entities.js'
import { type Rights, rightsOf } from './grants.js'
import { digestOf, kindOf, sameSecret } from './secrets.js'

/** Who calls, proved by a token. */
export interface Caller extends Rights {
  readonly organization: Organization
  readonly holder: Holder
  readonly token: Token
}

interface Holder {
  readonly kind: HolderKind
  readonly id: string
  readonly name: string
}

/** Longer than any token of ours; what is over it is not even hashed. */
const TOKEN_LENGTH_MAX = 512

/** A token that is known and does not count. Its caller is answered as for an unknown one; its organisation may know. */
export class RefusedToken extends AppError {
  readonly organization: string
  readonly tokenId: string
  readonly holder: Holder
  readonly reason: string

  constructor(organization: string, { id, body, parent = '' }: Token, holderName: string, reason: string) {
    super('unauthenticated', NO_TOKEN)
    this.name = 'RefusedToken'
    this.organization = organization
    this.tokenId = id
    this.holder = { kind: body.kind === 'sat' ? 'account' : 'user', id: parent, name: holderName }
    this.reason = reason
  }
}

const NO_TOKEN = 'A valid token is required'

/** Throws `unauthenticated`, the same for every token that does not count. */
export async function authenticate(store: RecordStore, secret: string | undefined, clock: Clock): Promise<Caller> {
  const caller = secret === undefined ? undefined : await find(store, secret, clock.nowMs())
  if (!caller) throw new AppError('unauthenticated', NO_TOKEN)
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
  if (token.body.kind !== kind) return undefined
  const records = new Records(store.organization(found.organization))
  const holder = await holderOf(records, token)
  const holderName = holder?.name ?? token.parent ?? ''
  const refused = (reason: string) => new RefusedToken(found.organization, token, holderName, reason)
  if (!isLive(token, nowMs)) throw refused(token.body.revokedAtMs === undefined ? 'token expired' : 'token revoked')
  const organization = await records.get('organization', found.organization)
  if (!organization || organization.body.state === 'deleted') return undefined
  if (kind === 'pat' && !organization.body.personalTokens) throw refused('personal tokens are off')
  if (!holder) throw refused('holder not active')
  return { organization, holder, token, ...(await rightsOf(records, holder.id)) }
}

export function isLive({ body }: Token, nowMs: number): boolean {
  return body.revokedAtMs === undefined && nowMs < body.expiresAtMs
}

/** Undefined for one that is not active any more. */
export async function holderOf(records: Records, token: Token): Promise<Holder | undefined> {
  const id = token.parent ?? ''
  if (token.body.kind === 'sat') {
    const account: Entity<'account'> | undefined = await records.get('account', id)
    return account && { kind: 'account', id, name: account.name }
  }
  const user = await records.get('user', id)
  return user?.body.active ? { kind: 'user', id, name: user.name } : undefined
}
