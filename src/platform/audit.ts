import { canonicalJson, type JsonObject } from '../model/json.js'
import type { RecordWrite } from '../store/records.js'
import type { HolderKind } from './entities.js'

export const AUDIT_ACTIONS = [
  'create',
  'update',
  'delete',
  'issue',
  'revoke',
  'rotate',
  'provision',
  'role change',
  'secret read',
  'refused zone',
  'refused call',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export interface Actor {
  /** `system`: the manager itself, that finishes or removes a half. `zone`: what has not proved who it is. */
  readonly kind: HolderKind | 'system' | 'zone'
  readonly id: string
  readonly name: string
}

/** Who did what to what, and how it went. There is no place in it for a token. */
export interface AuditEntry {
  readonly atMs: number
  readonly actor: Actor
  readonly tokenId: string | undefined
  readonly action: AuditAction
  /** `control-plane NAME`, `token NAME of ACCOUNT`. */
  readonly object: string
  readonly objectId: string | undefined
  readonly controlPlane: string | undefined
  /** Address of the caller. */
  readonly source: string | undefined
  readonly result: 'done' | 'refused'
  readonly reason?: string | undefined
  readonly requestId: string | undefined
}

export function audit(entry: AuditEntry): RecordWrite {
  return { kind: 'append', entry: canonicalJson(entry as unknown as JsonObject) }
}
