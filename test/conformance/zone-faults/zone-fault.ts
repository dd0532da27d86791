import type { ConnectionOptions } from 'node:tls'
import type { ZoneInstanceConfig } from '../../../src/conformance/controller.js'
import type { CaseId } from '../../../src/conformance/matrix.js'
import type { Rpc } from '../../../src/conformance/rpc.js'

/**
 * A fault that a zone could have, played by a puppet that is sound but for it. It lives here and nowhere in `src`, so that no
 * release can have it.
 */
export interface ZoneFault {
  /** What a zone with it does, as a sentence without a subject. */
  readonly name: string
  /** Each of these turns red; others may. */
  readonly caughtBy: readonly CaseId[]
  /** What it does otherwise than a sound zone. */
  readonly manners: Partial<Manners>
  /** How many times as fast as a clock the suite and the zone live; default: 5. */
  readonly speed?: number
}

/** Every choice of a zone about its token, its global's certificate, and when to come again. */
export interface Manners {
  readonly startsInPlaintext: boolean
  readonly tls: ConnectionOptions
  /** Whether to go on over a connection of which TLS said this; undefined: it found nothing wrong. */
  trusts(fault: string | undefined, config: ZoneInstanceConfig): boolean
  /** Dials again in plaintext where TLS did not come about. */
  readonly fallsBack: boolean
  /** Which of the tokens it shows: the one in the file at start, when it dialled, or now. */
  tokenOf(read: { readonly atStart: string; readonly atDial: string; readonly now: string }): string
  /** What a call shows; undefined: nothing. */
  credential(token: string, call: CallPlace): string | undefined
  readonly namesItself: boolean
  /** Undefined: it does not come again. `status` is what gRPC said, if it said anything. */
  waitMs(attempt: number, status: string | undefined): number | undefined
  /** Whether this end of a call ends the session. */
  endsSession(rpc: Rpc): boolean
  readonly dropsSessionForNewToken: boolean
  /** What it logs of a token. */
  logged(token: string): string
}

export interface CallPlace {
  readonly rpc: Rpc
  /** The connections before. */
  readonly session: number
  readonly plaintext: boolean
}

const BACKOFF_BASE_MS = 500
const BACKOFF_CAP_MS = 10_000

export const SOUND: Manners = {
  startsInPlaintext: false,
  tls: {},
  trusts: (fault, { skipVerify }) => fault === undefined || skipVerify,
  fallsBack: false,
  tokenOf: ({ now }) => now,
  credential: (token) => token,
  namesItself: true,
  waitMs: (attempt) => Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt),
  endsSession: () => true,
  dropsSessionForNewToken: false,
  logged: (token) => `a token of ${token.length} letters`,
}
