import { CP_ID_HEADER } from '../auth/zone-call.js'
import type { Clock } from '../base/clock.js'
import { KDS } from '../wire/kds-service.js'
import type { Answer } from './answer.js'
import type { Endpoint } from './controller.js'
import { GrpcCall } from './grpc-call.js'
import { type Dial, Http2Connection } from './http2/connection.js'
import { until } from './until.js'
import { zoneFields } from './zone-fields.js'

export interface AdmissionProbeOptions {
  readonly endpoint: Endpoint
  readonly dial: Dial
  readonly clock: Clock
  /** A zone that no other call names: a health check makes none of it. */
  readonly zone: string
}

/** Who asks to be let in, and where. */
export interface Caller {
  readonly token: string
  readonly controlPlane: string
  /** Default: one of nobody. */
  readonly zone?: string
}

/** News of a platform reach its globals in milliseconds, or in as long as a cache holds what was known before. */
const HEARD_WITHIN_MS = 15_000
const ASK_EVERY_MS = 25
const CALL_DEADLINE_MS = 10_000

/**
 * Whether a target has heard what its platform has answered. Platform and global may be two processes, so that the target is
 * asked, by a call that changes nothing, until it says so or has had time enough; what it then answers is for cases to judge.
 */
export class AdmissionProbe {
  readonly #options: AdmissionProbeOptions

  constructor(options: AdmissionProbeOptions) {
    this.#options = options
  }

  /** The token is known, whatever it opens. */
  knows(caller: Caller): Promise<void> {
    return this.#until(caller, (answer) => answer !== 'UNAUTHENTICATED')
  }

  letsIn(caller: Caller): Promise<void> {
    return this.#until(caller, (answer) => answer === 'OK')
  }

  async #until(caller: Caller, holds: (answer: Answer) => boolean): Promise<void> {
    const { clock, dial } = this.#options
    // A target that is not there is told, and why, before any case runs.
    const connection = await Http2Connection.dial(dial).catch(() => undefined)
    if (connection === undefined) return
    const patience = { withinMs: HEARD_WITHIN_MS, everyMs: ASK_EVERY_MS }
    await until(clock, patience, async () => !connection.open || holds(await this.#ask(connection, caller)))
    connection.close()
  }

  async #ask(connection: Http2Connection, { token, controlPlane, zone }: Caller): Promise<Answer> {
    const { endpoint, clock, zone: nobody } = this.#options
    const { address, trust, cpId } = endpoint
    const selecting = { cpId: { header: cpId?.header ?? CP_ID_HEADER, id: controlPlane } }
    const call = new GrpcCall(connection, {
      path: KDS.HealthCheck.path,
      isSession: false,
      first: KDS.HealthCheck.encodeRequest(undefined),
      draft: { fields: zoneFields(selecting, { zone: zone ?? nobody, authorization: token }) },
      authority: address,
      scheme: trust.kind === 'plaintext' ? 'http' : 'https',
      clock,
      deadlineMs: CALL_DEADLINE_MS,
    })
    return (await call.settled(async () => {})).answer
  }
}
