import { invariant } from '../base/assert.js'
import type { Cursor, Since } from './ports.js'

/** What one peer holds of one type, name → content version: the cursor of a per-sidecar snapshot. Never changed in place. */
export class VersionMap {
  readonly versions: ReadonlyMap<string, string>

  constructor(versions: ReadonlyMap<string, string>) {
    this.versions = versions
  }

  static since(since: Since): VersionMap {
    switch (since.kind) {
      case 'nothing':
        return new VersionMap(new Map())
      case 'versions':
        return new VersionMap(since.versions)
      case 'cursor':
        return own(since.cursor)
    }
  }
}

function own(cursor: Cursor): VersionMap {
  invariant(cursor instanceof VersionMap, 'a cursor comes back to the source that made it')
  return cursor
}
