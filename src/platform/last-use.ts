import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { RecordStore } from '../store/records.js'
import { Records, replace } from './entities.js'

/** When a token was last used is for people who clean up; a write a request would be too dear for it. */
const FLUSH_EVERY_MS = 10_000

/** When tokens were last used, written down every few seconds. */
export class LastUse {
  readonly #store: RecordStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #uses = new Map<string, { readonly organization: string; readonly atMs: number }>()
  #cancel: Cancel | undefined

  constructor(ports: { readonly store: RecordStore; readonly clock: Clock; readonly log: Logger }) {
    this.#store = ports.store
    this.#clock = ports.clock
    this.#log = ports.log
  }

  used(organization: string, token: string, atMs: number): void {
    this.#uses.set(token, { organization, atMs })
    this.#cancel ??= this.#clock.after(FLUSH_EVERY_MS, () => {
      this.#cancel = undefined
      void this.flush()
    })
  }

  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    const uses = [...this.#uses]
    this.#uses.clear()
    for (const [id, { organization, atMs }] of uses) {
      try {
        const records = new Records(this.#store.organization(organization))
        const token = await records.get('token', id)
        if (!token || (token.body.lastUsedAtMs ?? 0) >= atMs) continue
        await records.commit(replace(token, { body: { ...token.body, lastUsedAtMs: atMs } }))
      } catch (thrown) {
        this.#log.warn("a token's last use could not be stored", { error: AppError.from(thrown) })
      }
    }
  }
}
