import { invariant } from '../base/assert.js'
import { AppError } from '../base/errors.js'
import type { JsonText } from '../model/json.js'
import type { RecordChange, RecordDraft, RecordKey, RecordWrite, StoredRecord } from './records.js'

/** One organisation's rows inside a transaction: a write is seen by the reads after it. */
export interface RecordRows {
  get(key: RecordKey): StoredRecord | undefined
  /** The id of the record of that name. */
  named(draft: RecordDraft): string | undefined
  isTaken(id: string): boolean
  /** Whether another record, of whatever organisation, is found by that digest; one that rows cannot know is refused later. */
  isDigestTaken(digest: string, by: string): boolean
  ownedBy(parent: string): readonly StoredRecord[]
  insert(record: StoredRecord): void
  update(record: StoredRecord): void
  delete(key: RecordKey): void
  append(entry: JsonText): void
}

/** What only some databases keep, none does. Throws `invalid-argument`. */
export function requireKeepable(writes: readonly RecordWrite[]): void {
  for (const write of writes) {
    if ((write.kind === 'create' || write.kind === 'replace') && write.record.name.includes('\0')) {
      throw new AppError('invalid-argument', `the name of a ${write.record.kind} must not hold a NUL`)
    }
  }
}

/** What the writes of a commit come to, whichever database keeps them. Throws as `OrganizationStore.commit`. */
export function applyWrites(rows: RecordRows, writes: readonly RecordWrite[]): RecordChange[] {
  return writes.flatMap((write) => applyWrite(rows, write))
}

function applyWrite(rows: RecordRows, write: RecordWrite): RecordChange[] {
  switch (write.kind) {
    case 'create': {
      const after: StoredRecord = { ...write.record, version: 1 }
      requireRoom(rows, after)
      rows.insert(after)
      return [{ before: undefined, after }]
    }
    case 'replace': {
      const before = rows.get(write.record)
      if (before?.version !== write.version) {
        throw new AppError('version-conflict', `${nameOf(write.record)} has changed since it was read`)
      }
      invariant(before.digest === write.record.digest, 'a record keeps the secret that it was made with')
      const after: StoredRecord = { ...write.record, version: write.version + 1 }
      requireRoom(rows, after)
      rows.update(after)
      return [{ before, after }]
    }
    case 'delete':
      return deleteAll(rows, write.record)
    case 'append':
      rows.append(write.entry)
      return []
  }
}

function deleteAll(rows: RecordRows, key: RecordKey): RecordChange[] {
  const before = rows.get(key)
  if (!before) return []
  rows.delete(key)
  return [{ before, after: undefined }, ...rows.ownedBy(key.id).flatMap((record) => deleteAll(rows, record))]
}

/** Said in words here, because a constraint's own message names columns. */
function requireRoom(rows: RecordRows, record: StoredRecord): void {
  const { kind, id, parent, name, digest } = record
  const named = rows.named(record)
  if (named !== undefined && named !== id) {
    throw new AppError('already-exists', `there is a ${kind} named "${name}" already`)
  }
  if (record.version === 1 && rows.isTaken(id)) {
    throw new AppError('already-exists', `there is a record ${id} already`)
  }
  if (parent !== undefined && !rows.isTaken(parent)) {
    throw new AppError('not-found', `${nameOf(record)}: what it belongs to is not there any more`)
  }
  if (digest !== undefined && rows.isDigestTaken(digest, id)) throw secretTaken()
}

export function secretTaken(): AppError {
  return new AppError('already-exists', 'this secret is in use already')
}

function nameOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} "${name}"`
}
