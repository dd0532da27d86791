import type { Answer } from './answer.js'
import type { Bench } from './bench.js'
import type { CallDraft } from './call-draft.js'
import type { Instance, InstanceConfig } from './controller.js'
import type { Dial } from './http2/connection.js'
import type { Behaviours, Exchange } from './result.js'
import type { Rpc } from './rpc.js'
import type { TargetApi } from './target-api.js'

/** One target as a scenario acts on it. */
export interface Side {
  readonly bench: Bench
  /** Throws AppError `invalid-argument` where the target has none; for cases that need `api`. */
  readonly api: TargetApi
  /** One call, judged by nobody yet. */
  call(rpc: Rpc, draft: CallDraft): Promise<Exchange>
  /** A call that is kept open; it ends with the case. */
  open(rpc: Rpc, draft: CallDraft): Promise<OpenCall>
  /** One call over a connection of its own that is made otherwise; one that does not come about is an answer too. */
  callFrom(changes: Partial<Dial>, rpc: Rpc, draft: CallDraft): Promise<Exchange>
  /** The fingerprint that a new connection is shown; undefined without TLS. */
  certificate(): Promise<string | undefined>
}

/** What a scenario acts on. Every expectation becomes a step of the result; one that fails does not end the case. */
export interface Stage extends Side {
  /** What the target declares about streams that are open when their credential ends. */
  readonly openStream: Behaviours['openStream']
  /** Of each kind, where times are compared. */
  readonly timedCalls: number
  /** The step passes when the answer is one of these. */
  expect(step: string, exchange: Exchange, answers: readonly Answer[], kuma?: readonly Answer[]): void
  /** A step that is no call. */
  check(step: string, held: boolean, detail: string): void
  /** A target of this configuration for this case alone; it ends with the case. Throws when it refuses to start. */
  instance(config: InstanceConfig): Promise<InstanceSide>
  /** What a target of this configuration said when it refused to start; undefined: it started. */
  startRefusal(config: InstanceConfig): Promise<string | undefined>
  /** A target whose keys and lists this case may change: one of its own where the controller can start one, else the target itself. */
  ground(): Promise<Side>
  sleep(delayMs: number): Promise<void>
  /** Asks until the answer is yes; false when it has not been within the time. */
  until(withinMs: number, probe: () => Promise<boolean> | boolean): Promise<boolean>
}

export interface InstanceSide extends Side {
  readonly instance: Instance
}

export interface OpenCall {
  readonly exchange: Exchange
  /** All that the target has sent on it. */
  readonly received: Buffer
  /** The target has accepted it and has not ended it. */
  readonly alive: boolean
  /** Resolves with how the target ended it, or undefined when it has not within the time. */
  ended(withinMs: number): Promise<Exchange | undefined>
  close(): void
}
