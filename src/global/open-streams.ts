import type { AdmissionChange } from '../auth/admission-table.js'
import { isTokenSecret } from '../auth/token-secrets.js'
import type { PeerIdentity, ZoneRefused } from '../auth/zone-authenticator.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { TenantId } from '../model/tenant.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Commit } from '../store/store.js'
import { ExpiryQueue } from './expiry-queue.js'
import type { Session, SessionObserver, Sessions } from './sessions.js'

export interface OpenStreamsOptions {
  /**
   * `parity`: a stream is authenticated once, as in Kuma. `strict`: it ends when what let it in no longer would, within 5 s
   * and without another message.
   */
  readonly policy: 'parity' | 'strict'
  /** Zones come and go with the platform's accounts: a deleted one loses its streams under either policy. */
  readonly provisioned: boolean
  readonly sessions: Sessions
  /** Whether a credential would still let its stream in; undefined: it would. */
  readonly recheck: (peer: PeerIdentity) => Promise<ZoneRefused | undefined>
  /** Whether the platform knows of a control plane that it told about. */
  readonly isKnown: (tenant: TenantId) => boolean
  readonly clock: Clock
  readonly log: Logger
}

/** How long a message that is on its way may take before the stream is reset under it. */
const FINISH_WITHIN_MS = 1_000
/** When to ask again what could not be known. */
const ASK_AGAIN_MS = 1_000

/**
 * Ends streams whose right to be open has gone. Moved by events alone: of the platform, of the store, and of one timer for
 * the next expiry; each looks at those streams only that it is about.
 */
export class OpenStreams implements SessionObserver {
  readonly #options: OpenStreamsOptions
  readonly #expiry: ExpiryQueue<Session>
  readonly #open = new Set<Session>()

  constructor(options: OpenStreamsOptions) {
    this.#options = options
    this.#expiry = new ExpiryQueue(options.clock, (session) => this.#recheck(session))
  }

  /** Looked at once more: what let it in may have gone between its admission and now. */
  onOpened(session: Session): void {
    if (!this.#isStrict || session.credential.kind === 'none') return
    this.#open.add(session)
    this.#expiry.add(session, session.credential.expiresAtMs)
    this.#recheck(session)
  }

  onClosed(session: Session): void {
    if (this.#open.delete(session)) this.#expiry.remove(session)
  }

  /** The platform says something else of these. */
  onAdmissionChanged({ credentials, controlPlanes }: AdmissionChange): void {
    const { sessions, isKnown } = this.#options
    for (const tenant of controlPlanes) {
      for (const session of sessions.ofTenant(tenant)) {
        if (isKnown(tenant)) this.#recheck(session)
        else this.#end(session, { kind: 'refused', code: 'permission-denied', detail: 'the control plane was deleted' })
      }
    }
    for (const digest of credentials) for (const session of sessions.ofToken(digest)) this.#recheck(session)
  }

  /** Keys, revocations and Zones are resources. */
  onCommit(tenant: TenantId, { changes }: Commit): void {
    const { sessions, provisioned } = this.#options
    if (this.#isStrict && changes.some(({ key }) => isTokenSecret(key))) {
      for (const session of sessions.ofTenant(tenant)) this.#recheck(session)
    }
    if (!this.#isStrict && !provisioned) return
    for (const { key, after } of changes) {
      if (key.type !== 'Zone' || after !== undefined) continue
      const detail = `zone ${key.name} was deleted; provision it again`
      for (const session of sessions.ofZone(tenant, key.name)) {
        this.#end(session, { kind: 'refused', code: 'unauthenticated', detail })
      }
    }
  }

  stop(): void {
    this.#expiry.stop()
  }

  get #isStrict(): boolean {
    return this.#options.policy === 'strict'
  }

  /** Under `parity` nothing is looked at again. */
  #recheck(session: Session): void {
    if (!this.#open.has(session)) return
    const { recheck, log, clock } = this.#options
    recheck(session).then(
      (refusal) => {
        if (refusal) this.#end(session, { kind: 'refused', code: codeOf(refusal.error), detail: refusal.error.message })
      },
      (thrown: unknown) => {
        const { tenant, zone } = session
        log.warn('whether a stream may stay open cannot be known now', { tenant, zone, error: AppError.from(thrown) })
        clock.after(ASK_AGAIN_MS, () => this.#recheck(session))
      },
    )
  }

  #end(session: Session, reason: CloseReason): void {
    const { tenant, zone, rpc } = session
    this.#options.log.info('an open stream is ended', { tenant, zone, rpc, reason: reason.detail })
    session.end(reason)
    this.#options.clock.after(FINISH_WITHIN_MS, () => session.abort(reason))
  }
}

function codeOf({ code }: AppError): 'unauthenticated' | 'permission-denied' {
  return code === 'permission-denied' ? code : 'unauthenticated'
}
