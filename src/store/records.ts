import type { JsonText } from '../model/json.js'

/**
 * The port to what the control-plane manager keeps: records of organisations, and a journal of what was done to them.
 * It knows what a record hangs on and how it is found, never what it means (`src/platform/organization.ts` does).
 * Contract (`test/contract/records-contract.ts` runs it against every implementation):
 *
 * - Everything belongs to one organisation. No read or write of one sees another's, but for `findByDigest`.
 * - The writes of a commit take effect together, in order, or not at all; they are durable before the promise resolves, and
 *   watchers hear of them before it does.
 * - Names are unique among records of one kind under one parent, digests among all records of all organisations.
 * - A delete takes along what has the record as parent, transitively.
 * - The journal can only be appended to.
 * - One process writes at a time: another one's `open` throws `store-locked`.
 */
export interface RecordStore {
  /** Organisations that have a record, sorted. */
  organizations(): Promise<readonly string[]>
  /** The store bound to one organisation: all that upper layers ever see of it. */
  organization(organization: string): OrganizationStore
  /** Who presents a secret names no organisation: the one question that is asked across all of them. */
  findByDigest(digest: string): Promise<Found | undefined>
  /** Calls `listener` for each commit that changed a record, synchronously after it is durable. Returns the unsubscriber. */
  watch(listener: (commit: RecordCommit) => void): () => void
  /** False while another process might write, of which watchers would not hear. */
  isSoleWriter(): boolean
  close(): Promise<void>
}

export interface OrganizationStore {
  readonly organization: string
  get(kind: string, id: string): Promise<StoredRecord | undefined>
  /** In order of creation. */
  list(kind: string, filter?: RecordFilter): Promise<readonly StoredRecord[]>
  /**
   * Throws `already-exists` (a name, id or digest is taken), `not-found` (the parent is not there), `version-conflict` (a
   * replaced record is not there in that version), `invalid-argument` (a name holds a NUL), `unavailable`, `store-full`.
   */
  commit(writes: readonly RecordWrite[]): Promise<void>
  /** The journal from the entry after `after` on, oldest first. */
  journal(page: { readonly after: number; readonly limit: number }): Promise<readonly JournalEntry[]>
}

export interface RecordDraft {
  readonly kind: string
  readonly id: string
  /** Id of the record that this one goes with; undefined: the organisation alone. */
  readonly parent: string | undefined
  readonly name: string
  /** SHA-256 of the secret that it is found by. */
  readonly digest: string | undefined
  readonly body: JsonText
}

export interface StoredRecord extends RecordDraft {
  /** Goes up by one with each replacement; the first is 1. */
  readonly version: number
}

export interface RecordFilter {
  readonly parent?: string
  readonly name?: string
}

export type RecordWrite =
  | { readonly kind: 'create'; readonly record: RecordDraft }
  /** The digest stays as it was. */
  | { readonly kind: 'replace'; readonly record: RecordDraft; readonly version: number }
  /** Of what is not there: nothing. */
  | { readonly kind: 'delete'; readonly record: RecordKey }
  | { readonly kind: 'append'; readonly entry: JsonText }

export interface RecordKey {
  readonly kind: string
  readonly id: string
}

export interface Found {
  readonly organization: string
  readonly record: StoredRecord
}

export interface RecordCommit {
  readonly organization: string
  readonly changes: readonly RecordChange[]
}

/** `before` undefined: created. `after` undefined: deleted. */
export interface RecordChange {
  readonly before: StoredRecord | undefined
  readonly after: StoredRecord | undefined
}

export interface JournalEntry {
  /** Counts from 1 in each organisation, without gaps. */
  readonly sequence: number
  readonly entry: JsonText
}
