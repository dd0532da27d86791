import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../base/errors.js'
import { type ApiRequest, type ApiUser, AUTHENTICATED_GROUP } from './api-user.js'

/** For whom a manager speaks. A global that knows the manager's token takes its word for who somebody is. */
export interface ActingUser {
  readonly name: string
  readonly groups: readonly string[]
}

const USER_HEADER = 'x-zonelab-user'
const GROUPS_HEADER = 'x-zonelab-groups'

/** How whom the manager speaks for has come to it, so that links in the answer lead back the same way. */
export const SCHEME_HEADER = 'x-zonelab-scheme'

/** Header values take few characters, names any. */
export function encodeActingUser({ name, groups }: ActingUser): Record<string, string> {
  return { [USER_HEADER]: encodeURIComponent(name), [GROUPS_HEADER]: groups.map(encodeURIComponent).join(',') }
}

/** What a request with the manager's token stands for; without one it is nobody of ours. */
export type FromManager =
  | { readonly kind: 'stranger' }
  /** The manager on its own account. */
  | { readonly kind: 'manager' }
  | { readonly kind: 'user'; readonly user: ApiUser }

/** Throws `unauthenticated` for a user that cannot be read. */
export function fromManager({ headers }: ApiRequest, token: string): FromManager {
  if (token === '' || !isSame(headers.authorization ?? '', `Bearer ${token}`)) return { kind: 'stranger' }
  const { [USER_HEADER]: user, [GROUPS_HEADER]: groups } = headers
  if (user === undefined) return { kind: 'manager' }
  if (typeof user !== 'string' || typeof groups !== 'string') throw new AppError('unauthenticated', 'Unauthenticated')
  try {
    const listed = groups.split(',').filter((group) => group !== '')
    return {
      kind: 'user',
      user: { name: decodeURIComponent(user), groups: [...listed.map(decodeURIComponent), AUTHENTICATED_GROUP] },
    }
  } catch (cause) {
    throw new AppError('unauthenticated', 'Unauthenticated', { cause })
  }
}

/** Digests, because a comparison in constant time needs equal lengths. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
