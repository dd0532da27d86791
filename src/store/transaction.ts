import { invariant } from '../base/assert.js'
import { sameLabels, sortedLabels } from '../model/labels.js'
import { descriptorOf } from '../model/registry.js'
import { keyOf, keyText, type Resource, type ResourceDraft, type ResourceKey } from '../model/resource.js'
import type { Change, Expect, Write, WriteOutcome } from './store.js'

/** What is there before a commit; the only thing that a decision reads. */
export interface Rows {
  get(key: ResourceKey): Resource | undefined
  /** Direct belongings only. */
  ownedBy(owner: ResourceKey): readonly Resource[]
}

/** What a commit brings along, so that deciding needs neither clock nor randomness. */
export interface Stamp {
  readonly nowMs: number
  /** One for each write, used if the write creates. */
  readonly uids: readonly string[]
}

export interface Decision {
  readonly outcomes: readonly WriteOutcome[]
  /** The net effect: at most one per key, none where nothing is different in the end. Empty: no revision is taken. */
  readonly changes: readonly Change[]
}

/**
 * The rules of a commit, for every implementation of the store: applies the writes in order and says what comes of it.
 * Throws `internal` for a key that breaks the model (scope and mesh disagree, a slash in a name).
 */
export function decide(rows: Rows, writes: readonly Write[], stamp: Stamp): Decision {
  const draft = new Draft(rows)
  const outcomes = writes.map((write, index) => {
    if (write.kind === 'delete') return remove(draft, write.key, write.expect)
    const uid = stamp.uids[index]
    invariant(uid !== undefined, 'every write brings a uid')
    return put(draft, write.resource, write.expect, { nowMs: stamp.nowMs, uid })
  })
  return { outcomes, changes: draft.changes() }
}

function put(draft: Draft, next: ResourceDraft, expect: Expect, stamp: { nowMs: number; uid: string }): WriteOutcome {
  checkKey(next)
  if (next.owner) checkKey(next.owner)
  const before = draft.get(next)
  const refusal = refuse(before, expect)
  if (refusal) return refusal
  if (before && sameContent(before, next)) return { kind: 'unchanged', resource: before }
  const resource: Resource = {
    ...keyOf(next),
    uid: before?.uid ?? stamp.uid,
    version: (before?.version ?? 0) + 1,
    labels: sortedLabels(next.labels),
    spec: next.spec,
    status: next.status,
    createdAtMs: before?.createdAtMs ?? stamp.nowMs,
    modifiedAtMs: stamp.nowMs,
    owner: next.owner && keyOf(next.owner),
    syncedVersion: next.syncedVersion,
  }
  draft.set(resource)
  return { kind: before ? 'updated' : 'created', resource }
}

function remove(draft: Draft, key: ResourceKey, expect: Expect): WriteOutcome {
  checkKey(key)
  const resource = draft.get(key)
  if (!resource) return { kind: 'absent' }
  const refusal = refuse(resource, expect)
  if (refusal) return refusal
  const doomed: Resource[] = [resource]
  for (let next = doomed.pop(); next; next = doomed.pop()) {
    // Gone before its belongings are looked up, so that a circle of owners ends.
    draft.delete(next)
    doomed.push(...draft.ownedBy(next))
  }
  return { kind: 'deleted', resource }
}

function refuse(actual: Resource | undefined, expect: Expect): WriteOutcome | undefined {
  if (expect === 'any') return undefined
  if (expect === 'absent') return actual && { kind: 'conflict', actual }
  if (!actual) return { kind: 'absent' }
  return actual.version === expect.version ? undefined : { kind: 'conflict', actual }
}

function sameContent(a: Resource, b: ResourceDraft): boolean {
  return (
    a.spec === b.spec &&
    a.status === b.status &&
    a.syncedVersion === b.syncedVersion &&
    (a.owner && keyText(a.owner)) === (b.owner && keyText(b.owner)) &&
    sameLabels(a.labels, b.labels)
  )
}

function checkKey(key: ResourceKey): void {
  const { scope } = descriptorOf(key.type)
  invariant((scope === 'global') === (key.mesh === undefined), `${keyText(key)}: a mesh exactly if the type has one`)
  invariant(key.name !== '' && key.mesh !== '', `${keyText(key)}: names are not empty`)
  invariant(!key.name.includes('/') && !key.mesh?.includes('/'), `${keyText(key)}: names hold no slash`)
}

/** The rows as they would be after the writes so far. */
class Draft {
  readonly #rows: Rows
  readonly #touched = new Map<string, { readonly before: Resource | undefined; after: Resource | undefined }>()
  /** Owner → keys that were given to it in this commit (and may have been taken away again). */
  readonly #given = new Map<string, Map<string, ResourceKey>>()

  constructor(rows: Rows) {
    this.#rows = rows
  }

  get(key: ResourceKey): Resource | undefined {
    const touched = this.#touched.get(keyText(key))
    return touched ? touched.after : this.#rows.get(key)
  }

  ownedBy(owner: ResourceKey): Resource[] {
    const ownerText = keyText(owner)
    const candidates = new Map(this.#given.get(ownerText))
    for (const resource of this.#rows.ownedBy(owner)) candidates.set(keyText(resource), resource)
    return [...candidates.values()]
      .map((key) => this.get(key))
      .filter((resource) => resource !== undefined)
      .filter((resource) => resource.owner !== undefined && keyText(resource.owner) === ownerText)
  }

  set(resource: Resource): void {
    this.#touch(resource, resource)
    if (!resource.owner) return
    const ownerText = keyText(resource.owner)
    const given = this.#given.get(ownerText) ?? new Map<string, ResourceKey>()
    this.#given.set(ownerText, given.set(keyText(resource), resource))
  }

  delete(key: ResourceKey): void {
    this.#touch(key, undefined)
  }

  changes(): Change[] {
    return [...this.#touched.values()].flatMap(({ before, after }) => {
      const named = after ?? before
      return named ? [{ key: keyOf(named), before, after }] : []
    })
  }

  #touch(key: ResourceKey, after: Resource | undefined): void {
    const text = keyText(key)
    const touched = this.#touched.get(text)
    if (touched) touched.after = after
    else this.#touched.set(text, { before: this.#rows.get(key), after })
  }
}
