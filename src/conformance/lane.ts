import type { KeyObject } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { zoneHeaders } from '../wire/metadata.js'
import type { Bench } from './bench.js'
import type { CallDraft, Field } from './call-draft.js'
import type { Http2Connection } from './http2/connection.js'
import { KdsCall } from './kds-call.js'
import type { Exchange } from './result.js'
import type { Rpc } from './rpc.js'
import type { Side } from './stage.js'
import type { Target } from './target.js'
import type { TargetApi } from './target-api.js'

export interface LaneOptions {
  readonly target: Target
  readonly zone: string
  readonly unseenZone: string
  readonly strangerKey: KeyObject
  readonly deadlineMs: number
  /** Waits for its turn, so that all lanes together stay below the rate. */
  readonly pace: () => Promise<void>
}

/** What every call of a zone says beside its credential; without `zone-ping-health`, so that nobody watches its health. */
const FEATURES = ['hash-suffix']
const VERSION = '3.0.0'

/**
 * Where cases run one after another, as one zone. Peculiar calls have a connection of their own, because one that breaks it
 * must not be mistaken for one that disturbs the legal peer.
 */
export class Lane implements Side {
  readonly bench: Bench
  readonly #options: LaneOptions
  readonly #open = new Set<KdsCall>()
  #legal: Promise<Http2Connection> | undefined
  #trial: Promise<Http2Connection> | undefined

  constructor(options: LaneOptions) {
    this.#options = options
    this.bench = benchOf(options)
  }

  get api(): TargetApi {
    const { api } = this.#options.target
    if (api === undefined) throw new AppError('invalid-argument', 'this target has no API; give --api')
    return api
  }

  get clock(): Clock {
    return this.#options.target.clock
  }

  async call(rpc: Rpc, draft: CallDraft): Promise<Exchange> {
    return (await this.trial(rpc, draft)).exchange
  }

  /** As `call`, and what the target said before it was cleaned. */
  async trial(rpc: Rpc, draft: CallDraft): Promise<{ readonly exchange: Exchange; readonly rawText: string }> {
    const connection = await this.#connection('trial')
    const made = await this.#make(connection, rpc, draft)
    const exchange = await made.settled()
    made.close()
    // A peculiar call may leave the connection in any state; the next one is not to pay for it.
    if (exchange.answer === 'CONNECTION') this.#drop('trial', connection)
    return { exchange, rawText: made.rawText }
  }

  async open(rpc: Rpc, draft: CallDraft): Promise<KdsCall> {
    const call = await this.#make(await this.#connection('legal'), rpc, draft)
    this.#open.add(call)
    await call.opened()
    return call
  }

  /** A legal call on the connection of the legal peer. */
  async legal(rpc: Rpc): Promise<Exchange> {
    const call = await this.#make(await this.#connection('legal'), rpc, await this.bench.legalCall())
    const exchange = await call.settled()
    call.close()
    return exchange
  }

  /** Ends what a case left open. */
  tidy(): void {
    for (const call of this.#open) call.close()
    this.#open.clear()
  }

  async close(): Promise<void> {
    this.tidy()
    for (const pending of [this.#legal, this.#trial]) {
      const connection = await pending?.catch(() => undefined)
      connection?.close()
    }
  }

  async #make(connection: Http2Connection, rpc: Rpc, draft: CallDraft): Promise<KdsCall> {
    const { target, deadlineMs, pace } = this.#options
    await pace()
    const { address, trust } = target.endpoint
    return new KdsCall(connection, {
      rpc,
      draft,
      authority: address,
      scheme: trust.kind === 'plaintext' ? 'http' : 'https',
      node: this.bench.zone,
      clock: target.clock,
      deadlineMs,
    })
  }

  async #connection(kind: 'legal' | 'trial'): Promise<Http2Connection> {
    const pending = kind === 'legal' ? this.#legal : this.#trial
    const there = await pending?.catch(() => undefined)
    if (there?.open) return there
    const dialled = this.#options.target.connect()
    if (kind === 'legal') this.#legal = dialled
    else this.#trial = dialled
    return dialled
  }

  #drop(kind: 'trial', connection: Http2Connection): void {
    connection.close()
    if (kind === 'trial') this.#trial = undefined
  }
}

function benchOf({ target, zone, unseenZone, strangerKey }: LaneOptions): Bench {
  const fields = (authorization: string | Buffer | undefined, of = zone): readonly Field[] => {
    const { cpId } = target.endpoint
    const headers = zoneHeaders({ zone: of, version: VERSION, features: FEATURES, token: undefined, cpId })
    const plain = Object.entries(headers).flatMap(([name, values]) => values.map((value): Field => [name, value]))
    return authorization === undefined ? plain : [...plain, ['authorization', authorization]]
  }
  return {
    zone,
    unseenZone,
    strangerKey,
    fields,
    get nowS() {
      return Math.floor(target.clock.nowMs() / 1000)
    },
    get signing() {
      if (target.signing !== undefined) return target.signing
      throw new AppError('invalid-argument', 'the private signing key is not at hand; give --signing-key')
    },
    uuid: () => target.random.uuid(),
    legalToken: () => target.legalToken(zone),
    legalCall: async () => ({ fields: fields(await target.legalToken(zone)) }),
  }
}
