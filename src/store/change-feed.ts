import type { Logger } from '../base/log.js'
import type { TenantId } from '../model/tenant.js'
import type { Commit } from './store.js'

export type CommitListener = (commit: Commit) => void

/** The watchers of one tenant. Each is called with every published commit, in the order of publishing, exactly once. */
export class ChangeFeed {
  readonly #log: Logger
  readonly #watchers = new Map<symbol, CommitListener>()
  /** Published from inside a listener: they wait until everyone has seen the commit before. */
  readonly #waiting: Commit[] = []
  #delivering = false

  constructor(tenant: TenantId, log: Logger) {
    this.#log = log.child({ tenant })
  }

  /** The same function may watch twice, and is then called twice. */
  watch(listener: CommitListener): () => void {
    const id = Symbol()
    this.#watchers.set(id, listener)
    return () => {
      this.#watchers.delete(id)
    }
  }

  publish(commit: Commit): void {
    this.#waiting.push(commit)
    if (this.#delivering) return
    this.#delivering = true
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#deliver(next)
    this.#delivering = false
  }

  #deliver(commit: Commit): void {
    // A copy: who joins during the delivery watches from the next commit on; who leaves is called no more.
    for (const [id, listener] of [...this.#watchers]) {
      if (!this.#watchers.has(id)) continue
      try {
        listener(commit)
      } catch (error) {
        this.#log.error('a watcher of the store threw', { revision: commit.revision, error })
      }
    }
  }
}
