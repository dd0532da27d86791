import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { RecordStore } from '../store/records.js'
import { audit } from './audit.js'
import type { ControlPlanes, Trail } from './control-planes.js'
import { Records } from './entities.js'

export interface RefusedCallsOptions {
  readonly store: RecordStore
  readonly controlPlanes: ControlPlanes
  readonly clock: Clock
  readonly log: Logger
}

/** A call of somebody who is known, that was not allowed or could not be. */
export interface RefusedCall {
  readonly organization: string
  readonly trail: Trail
  readonly method: string
  /** The route with its parameters' names. */
  readonly route: string
  /** What `*` of a relayed call's route stands for. */
  readonly rest: string | undefined
  /** As the path says. */
  readonly controlPlane: string | undefined
  readonly status: number
  readonly reason: string
}

/** The same refusal of the same token is told once in so long: a client that tries again and again fills no journal. */
const REPEAT_AFTER_MS = 60_000
const TOLD_MAX = 10_000

/** What was refused to those who belong to an organisation, for its audit. Nobody's answer waits for it. */
export class RefusedCalls {
  readonly #options: RefusedCallsOptions
  readonly #toldMs = new Map<string, number>()
  readonly #writing = new Set<Promise<void>>()

  constructor(options: RefusedCallsOptions) {
    this.#options = options
  }

  /** Somebody without the right is told of whatever he asks; a mistake only where something would have been changed. */
  tell(call: RefusedCall): void {
    const isMistake = call.status >= 400 && call.status < 500 && !READS.has(call.method)
    if (!isMistake && call.status !== 401 && call.status !== 403) return
    const object = `${call.method} ${call.route.replace('*', () => namesOf(call.rest ?? ''))}`
    if (!this.#isNews(`${call.trail.tokenId} ${object} ${call.controlPlane} ${call.reason}`)) return
    const writing = this.#write(call, object).catch((thrown: unknown) => {
      this.#options.log.warn('a refused call is not in the audit', { error: AppError.from(thrown) })
    })
    this.#writing.add(writing)
    void writing.finally(() => this.#writing.delete(writing))
  }

  /** Resolves when all that was told is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }

  async #write({ organization, trail, controlPlane: asked, reason }: RefusedCall, object: string): Promise<void> {
    const { store, controlPlanes, clock } = this.#options
    const records = new Records(store.organization(organization))
    // Somebody else's is none of this organisation's audit.
    const controlPlane = asked === undefined ? undefined : await controlPlanes.find(records, asked.toLowerCase())
    const atMs = clock.nowMs()
    const about = { object, objectId: undefined, controlPlane: controlPlane?.id }
    await records.commit(audit({ ...trail, ...about, atMs, action: 'refused call', result: 'refused', reason }))
  }

  #isNews(what: string): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    const toldMs = this.#toldMs.get(what)
    if (toldMs !== undefined && nowMs - toldMs < REPEAT_AFTER_MS) return false
    this.#toldMs.delete(what)
    this.#toldMs.set(what, nowMs)
    const [oldest] = this.#toldMs.keys()
    if (this.#toldMs.size > TOLD_MAX && oldest !== undefined) this.#toldMs.delete(oldest)
    return true
  }
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A path as far as it can be names: what else somebody has put there, a token by mistake, is left out. */
function namesOf(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^[a-z0-9._-]{0,253}$/.test(segment) ? segment : '…'))
    .join('/')
}
