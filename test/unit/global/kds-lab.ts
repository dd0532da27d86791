import { Hops } from '../../../src/base/hops.js'
import { silentLogger } from '../../../src/base/log.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { AdminRelay } from '../../../src/global/admin-relay.js'
import { KdsService } from '../../../src/global/kds-service.js'
import { Sessions } from '../../../src/global/sessions.js'
import { SyncStatus } from '../../../src/global/sync-status.js'
import { TenantRuntime } from '../../../src/global/tenant-runtime.js'
import type { JsonObject } from '../../../src/model/json.js'
import { DOWN_TYPES } from '../../../src/model/registry.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../../src/protocol/messages.js'
import type { Outcome, ReceivedBatch } from '../../../src/protocol/ports.js'
import { Subscriber } from '../../../src/protocol/subscriber.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { fullNode, shortNode } from '../../../src/sync/sync-node.js'
import { decodeKdsResponse } from '../../../src/wire/delta-codec.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { MemoryLink } from '../../support/memory-duplex.js'
import { draft, put } from '../../support/resource-builder.js'

type DownLink = MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<Uint8Array>>

/** A zone that takes what comes and answers as a test says. */
export interface FakeZone {
  readonly link: DownLink
  readonly received: ReceivedBatch<Uint8Array>[]
  /** Bytes of resources that came. */
  readonly bytes: () => number
  readonly ended: CloseReason[]
  answer: (batch: ReceivedBatch<Uint8Array>) => Outcome
}

/** A global's KDS service over a memory store, without sockets, on a clock that is stepped. */
export class KdsLab {
  readonly clock = new FakeClock()
  readonly store: TenantStore
  readonly sessions = new Sessions()
  readonly service: KdsService
  readonly status: SyncStatus
  readonly runtime: TenantRuntime
  readonly hops = new Hops(this.clock)
  /** Holds or refuses the creation of Zones. */
  beforeCommit: () => Promise<void> = async () => {}

  constructor() {
    const ports = { clock: this.clock, random: seededRandom(1), log: silentLogger, metrics: noMetrics }
    const store = new MemoryStore(ports).tenant(DEFAULT_TENANT)
    this.store = store
    // A control plane has keys from its beginning; zones are not sent this one.
    void store.commit([put(draft('GlobalSecret', 'user-token-signing-key-1'))])
    const held: TenantStore = {
      tenant: store.tenant,
      get: (key) => store.get(key),
      list: (type, filter) => store.list(type, filter),
      listAll: (types) => store.listAll(types),
      watch: (listener) => store.watch(listener),
      changesSince: (epoch, revision) => store.changesSince(epoch, revision),
      head: () => store.head(),
      commit: async (writes) => {
        await this.beforeCommit()
        return store.commit(writes)
      },
    }
    this.runtime = new TenantRuntime({
      ...ports,
      store: held,
      hops: this.hops,
      instanceId: 'global-1',
      insightFlushIntervalMs: 10_000,
      subscriptionLimit: 10,
      messageBytesMax: 10_485_760,
      labels: { skipPrefixes: [] },
    })
    this.service = new KdsService({
      ...ports,
      tenantOf: () => this.runtime,
      sessions: this.sessions,
      relay: new AdminRelay({ ...ports, sessions: this.sessions }),
      hops: this.hops,
      instanceId: 'global-1',
      onProgress: () => this.status.changed(),
    })
    this.status = new SyncStatus({
      clock: this.clock,
      streams: () => this.service.downStreams,
      tenants: async () => [DEFAULT_TENANT],
      tenantOf: () => this.runtime,
      elsewhere: async () => new Set(),
    })
  }

  /** Opens a zone's downward stream; `types` are what it asks for. */
  zone(zone: string, types: readonly string[] = DOWN_TYPES): FakeZone {
    let bytes = 0
    const link: DownLink = new MemoryLink({
      toRight: (response: EncodedResponse) => {
        bytes += response.bytes.length
        return decodeKdsResponse(response.bytes)
      },
      toLeft: (request: DeltaRequest) => request,
      auto: true,
    })
    const fake: FakeZone = { link, received: [], bytes: () => bytes, ended: [], answer: () => ({ kind: 'applied' }) }
    this.service.globalToZone({ tenant: DEFAULT_TENANT, zone, credential: { kind: 'none' } }, link.left)
    const subscriber = new Subscriber({
      duplex: link.right,
      sink: {
        async apply(batch) {
          fake.received.push(batch)
          return fake.answer(batch)
        },
      },
      clock: this.clock,
      asks: types.map((type) => ({ type, subscribe: ['*'] })),
      node: fullNode({ zone, instanceId: `${zone}-cp`, config: '{"store":{"type":"memory"}}' }),
      nodeShort: shortNode(zone),
      nackRepeatsWildcard: true,
      observer: { onEnd: (reason) => fake.ended.push(reason) },
    })
    subscriber.start()
    return fake
  }

  /** Lets everything come to rest that needs no time. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await settled()
  }

  async subscriptions(zone: string): Promise<readonly JsonObject[]> {
    const insight = await this.store.get({ type: 'ZoneInsight', mesh: undefined, name: zone })
    return insight ? ((specOf(insight).subscriptions ?? []) as readonly JsonObject[]) : []
  }

  async isOnline(zone: string): Promise<boolean> {
    return (await this.subscriptions(zone)).some(({ disconnectTime }) => disconnectTime === undefined)
  }
}
