import { ZONE_CP_SCOPE } from '../auth/issue.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { KDS } from '../wire/kds-service.js'
import type { Bench } from './bench.js'
import type { CallDraft } from './call-draft.js'
import type { CallLane } from './call-lane.js'
import { GrpcCall } from './grpc-call.js'
import type { Dial, Http2Connection } from './http2/connection.js'
import { probe } from './probe.js'
import { shownField } from './redaction.js'
import type { Exchange, Probe } from './result.js'
import { RPCS, type Rpc } from './rpc.js'
import type { Side } from './stage.js'
import type { TargetApi } from './target-api.js'
import { benchOn, type LanePorts } from './target-bench.js'
import { zoneFields } from './zone-fields.js'

export interface LaneOptions extends LanePorts {
  readonly zone: string
}

/**
 * Where cases run one after another, as one zone. Peculiar calls have a connection of their own, because one that breaks it
 * must not be mistaken for one that disturbs the legal peer.
 */
export class Lane implements Side, CallLane<Rpc> {
  readonly doors = RPCS
  readonly proving = 'HealthCheck'
  readonly bench: Bench
  readonly #options: LaneOptions
  readonly #open = new Set<GrpcCall>()
  readonly #connections = new Map<ConnectionKind, Promise<Http2Connection>>()

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
    const exchange = await made.settled(this.#yardstick)
    made.close()
    // A peculiar call may leave the connection in any state; the next one is not to pay for it.
    if (exchange.answer === 'CONNECTION') connection.close()
    return { exchange, rawText: made.rawText }
  }

  async open(rpc: Rpc, draft: CallDraft): Promise<GrpcCall> {
    const call = await this.#make(await this.#connection('legal'), rpc, draft)
    this.#open.add(call)
    await call.opened()
    return call
  }

  async callFrom(changes: Partial<Dial>, rpc: Rpc, draft: CallDraft): Promise<Exchange> {
    let connection: Http2Connection
    try {
      connection = await this.#options.target.connect(changes)
    } catch (thrown) {
      return neverMade(rpc, draft, AppError.from(thrown).message)
    }
    const call = await this.#make(connection, rpc, draft)
    const exchange = await call.settled(this.#yardstick)
    connection.close()
    return exchange
  }

  async certificate(): Promise<string | undefined> {
    const connection = await this.#options.target.connect()
    connection.close()
    return connection.fingerprint
  }

  /** A legal call on the connection of the legal peer. */
  async legal(rpc: Rpc): Promise<Exchange> {
    const call = await this.#make(await this.#connection('legal'), rpc, await this.bench.legalCall())
    const exchange = await call.settled(this.#yardstick)
    call.close()
    return exchange
  }

  async control(rpc: Rpc): Promise<GrpcCall> {
    return this.open(rpc, await this.bench.legalCall())
  }

  probe(): Promise<Exchange> {
    return this.legal('HealthCheck')
  }

  async traces(): Promise<readonly Probe[]> {
    const { target, perch, unseenZone } = this.#options
    if (target.api === undefined) return perch.probes()
    const zone = await target.api.get(`/zones/${unseenZone}`)
    return [probe('no Zone was made', zone === undefined, `Zone ${unseenZone} is there`), ...perch.probes()]
  }

  /** Ends what a case left open. */
  tidy(): void {
    for (const call of this.#open) call.close()
    this.#open.clear()
  }

  async close(): Promise<void> {
    this.tidy()
    for (const pending of this.#connections.values()) {
      const connection = await pending?.catch(() => undefined)
      connection?.close()
    }
  }

  /** A legal call that is answered shows that the target has had time for those before it. */
  readonly #yardstick = async (): Promise<void> => {
    const connection = await this.#connection('legal')
    const call = await this.#make(connection, 'HealthCheck', await this.bench.legalCall())
    await call.settled(async () => {})
    call.close()
  }

  async #make(connection: Http2Connection, rpc: Rpc, draft: CallDraft): Promise<GrpcCall> {
    const { target, deadlineMs, pace } = this.#options
    await pace()
    const { address, trust } = target.endpoint
    return new GrpcCall(connection, {
      path: KDS[rpc].path,
      isSession: rpc !== 'HealthCheck',
      first: firstMessage(rpc, draft.node ?? this.bench.zone, draft.resourceType),
      draft,
      authority: address,
      scheme: trust.kind === 'plaintext' ? 'http' : 'https',
      clock: target.clock,
      deadlineMs,
    })
  }

  /** Callers at the same time share one; one that is gone is made anew. */
  async #connection(kind: ConnectionKind): Promise<Http2Connection> {
    const pending = this.#connections.get(kind)
    const there = await pending?.catch(() => undefined)
    if (there?.open) return there
    if (this.#connections.get(kind) === pending) this.#connections.set(kind, this.#options.target.connect())
    return this.#connections.get(kind) ?? this.#connection(kind)
  }
}

type ConnectionKind = 'legal' | 'trial'

/** What there is to show of a call whose connection was refused. */
function neverMade(rpc: Rpc, { fields }: CallDraft, text: string): Exchange {
  const { path } = KDS[rpc]
  return { path, metadata: fields.map(shownField), frames: [], answer: 'CONNECTION', text, elapsedMs: 0 }
}

function benchOf({ zone, ...ports }: LaneOptions): Bench {
  const { target } = ports
  return benchOn(ports, {
    zone,
    claims: { Zone: zone, Scope: [ZONE_CP_SCOPE] },
    fields: (authorization, of = zone, controlPlane) =>
      zoneFields(target.endpoint, { zone: of, controlPlane, authorization }),
    legalToken: () => target.legalToken(zone),
  })
}

/** Unary calls ask at once; of the streams one has a question of its own. */
function firstMessage(rpc: Rpc, zone: string, type: string | undefined): Uint8Array | undefined {
  if (rpc === 'HealthCheck') return KDS.HealthCheck.encodeRequest(undefined)
  return rpc === 'GlobalToZoneSync' ? KDS.GlobalToZoneSync.encodeRequest(firstRequest(zone, type)) : undefined
}

/** One type is enough to be answered; what the zone holds already is nothing. */
function firstRequest(zone: string, type = 'Mesh') {
  return {
    type,
    nonce: '',
    subscribe: ['*'],
    unsubscribe: [],
    initialVersions: new Map<string, string>(),
    error: undefined,
    node: { id: zone, metadata: { features: ['hash-suffix'], 'control-plane-id': 'zonelab-conformance' } },
  }
}
