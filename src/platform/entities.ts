import { canonicalJson, type Json, parseJson } from '../model/json.js'
import type { OrganizationStore, RecordFilter, RecordWrite, StoredRecord } from '../store/records.js'

/** What the manager keeps, by kind of record: an organisation, who is in it, what they hold, what they may do. */
export interface Bodies {
  readonly organization: OrganizationBody
  readonly user: UserBody
  readonly account: AccountBody
  readonly team: TeamBody
  /** Of a team (its parent); the name is the holder's id. */
  readonly member: MemberBody
  /** Of a holder (its parent). The secret itself is nowhere. */
  readonly token: TokenBody
  /** Of a holder or a team (its parent). */
  readonly role: RoleBody
  readonly 'control-plane': ControlPlaneBody
}
export type Kind = keyof Bodies

export interface OrganizationBody {
  readonly state: 'active' | 'inactive' | 'deleting' | 'deleted'
  /** Whether the tokens of people count. */
  readonly personalTokens: boolean
  readonly createdAtMs: number
}

/** The name of its record is the e-mail address. */
export interface UserBody extends Stamps {
  readonly fullName: string
  readonly active: boolean
}

export interface AccountBody extends Stamps {
  readonly description: string
  /** Made by provision-zone for one zone, and gone with it. */
  readonly zone?: { readonly controlPlane: string; readonly name: string }
}

export interface TeamBody extends Stamps {
  readonly description: string
  /** Predefined: it cannot be changed. */
  readonly predefined: boolean
}

export interface MemberBody {
  readonly holder: HolderKind
}

export type HolderKind = 'user' | 'account'

export interface TokenBody extends Stamps {
  readonly kind: 'sat' | 'pat'
  readonly expiresAtMs: number
  readonly lastUsedAtMs?: number
  readonly revokedAtMs?: number
}

export interface RoleBody {
  readonly role: string
  readonly entityType: string
  readonly entityId: string
  readonly region: string
}

/** The name of its record is the name that its users gave it, unless it is being removed. */
export interface ControlPlaneBody extends Stamps {
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly features: readonly Feature[]
  readonly version: string
  readonly region: string
  /** The global deployment that holds it. */
  readonly shard: string
  /** `making` until its global has it, `removing` until its global has it no more; neither is shown to anybody. */
  readonly phase: 'making' | 'ready' | 'removing'
  readonly zoneCredentials: 'sat' | 'zone-token' | 'both'
  readonly personalTokens: boolean
}

export type Feature =
  | { readonly type: 'MeshCreation'; readonly meshCreation: { readonly enabled: boolean } }
  | { readonly type: 'HostnameGeneratorCreation'; readonly hostnameGeneratorCreation: { readonly enabled: boolean } }

interface Stamps {
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

export interface Draft<K extends Kind> {
  readonly kind: K
  readonly id: string
  readonly parent?: string | undefined
  readonly name: string
  readonly digest?: string | undefined
  readonly body: Bodies[K]
}

export interface Entity<K extends Kind> extends Draft<K> {
  readonly version: number
}

export type Organization = Entity<'organization'>
export type ControlPlane = Entity<'control-plane'>
export type Token = Entity<'token'>
export type Account = Entity<'account'>

/** One organisation's records, typed. */
export class Records {
  readonly organization: string
  readonly #store: OrganizationStore

  constructor(store: OrganizationStore) {
    this.organization = store.organization
    this.#store = store
  }

  async get<K extends Kind>(kind: K, id: string): Promise<Entity<K> | undefined> {
    const record = await this.#store.get(kind, id)
    return record && entityOf<K>(record)
  }

  async list<K extends Kind>(kind: K, filter?: RecordFilter): Promise<Entity<K>[]> {
    return (await this.#store.list(kind, filter)).map((record) => entityOf<K>(record))
  }

  /** Throws as `OrganizationStore.commit` does. */
  commit(...writes: readonly RecordWrite[]): Promise<void> {
    return this.#store.commit(writes)
  }

  journal(page: { readonly after: number; readonly limit: number }) {
    return this.#store.journal(page)
  }
}

export function create<K extends Kind>(draft: Draft<K>): RecordWrite {
  return { kind: 'create', record: recordOf(draft) }
}

/** `was`: as it was read; the write fails when it has changed since. */
export function replace<K extends Kind>(
  was: Entity<K>,
  changes: Partial<Pick<Draft<K>, 'name' | 'body'>>,
): RecordWrite {
  return { kind: 'replace', record: recordOf({ ...was, ...changes }), version: was.version }
}

export function remove({ kind, id }: { readonly kind: Kind; readonly id: string }): RecordWrite {
  return { kind: 'delete', record: { kind, id } }
}

export function entityOf<K extends Kind>(record: StoredRecord): Entity<K> {
  const { id, parent, name, digest, version, body } = record
  return { kind: record.kind as K, id, parent, name, digest, version, body: parseJson(body) as unknown as Bodies[K] }
}

function recordOf<K extends Kind>({ kind, id, parent, name, digest, body }: Draft<K>) {
  return { kind, id, parent, name, digest, body: canonicalJson(body as unknown as Json) }
}
