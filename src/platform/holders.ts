import { AppError } from '../base/errors.js'
import { type AuditAction, audit } from './audit.js'
import type { Account, Entity } from './entities.js'
import type { ManagerRequest } from './route.js'

/** Whose tokens and roles a path is about. */
export type Holder = Account | Entity<'user'> | Entity<'team'>

/** Throws `not-found`. */
export async function accountOf({ records, param }: ManagerRequest): Promise<Account> {
  return existing(await records.get('account', param('accountId')))
}

/** Throws `not-found`. */
export async function userOf({ records, param }: ManagerRequest): Promise<Entity<'user'>> {
  return existing(await records.get('user', param('userId')))
}

/** Throws `not-found`. */
export async function teamOf({ records, param }: ManagerRequest): Promise<Entity<'team'>> {
  return existing(await records.get('team', param('teamId')))
}

export function existing<T>(found: T | undefined): T {
  if (found === undefined) throw new AppError('not-found', 'Not found')
  return found
}

/** What provision-zone made, and what is predefined, is nobody's to change (auth.md row 198). Throws `permission-denied`. */
export function requireChangeable(holder: Holder): void {
  if (isManaged(holder)) throw new AppError('permission-denied', `${holder.name} is managed and cannot be changed`)
}

function isManaged(holder: Holder): boolean {
  switch (holder.kind) {
    case 'account':
      return holder.body.zone !== undefined
    case 'team':
      return holder.body.predefined
    case 'user':
      return false
  }
}

/** The audit entry of something that a holder has got or lost. */
export function audited(
  { manager, trail }: ManagerRequest,
  action: AuditAction,
  object: string,
  objectId: string,
  controlPlane?: string,
) {
  const atMs = manager.clock.nowMs()
  return audit({ ...trail, atMs, action, object, objectId, controlPlane, result: 'done' })
}
