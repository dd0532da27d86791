import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { RecordCommit } from './records.js'

/** Who hears of the commits of a store of records. One that fails harms nobody. */
export class RecordWatchers {
  readonly #listeners = new Set<(commit: RecordCommit) => void>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  add(listener: (commit: RecordCommit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(commit: RecordCommit): void {
    if (commit.changes.length === 0) return
    for (const listener of this.#listeners) {
      try {
        listener(commit)
      } catch (thrown) {
        this.#log.error('a watcher of the store failed', { error: AppError.from(thrown) })
      }
    }
  }
}
