import type { DataplaneAuthenticator } from '../../../src/auth/dataplane-authenticator.js'
import { Hops } from '../../../src/base/hops.js'
import { silentLogger } from '../../../src/base/log.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { canonicalJson, type Json, type JsonObject } from '../../../src/model/json.js'
import type { ResourceType } from '../../../src/model/registry.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../../src/protocol/messages.js'
import type { ReceivedBatch } from '../../../src/protocol/ports.js'
import { Subscriber } from '../../../src/protocol/subscriber.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { decodeXdsResponse } from '../../../src/wire/delta-codec.js'
import { ENVOY_TYPE_URL } from '../../../src/wire/envoy-codec.js'
import { DataplaneLifecycle } from '../../../src/zone/dataplane-lifecycle.js'
import { WorkloadCertificates } from '../../../src/zone/identity/workload-certificates.js'
import { MeshMirror } from '../../../src/zone/mesh-mirror.js'
import { SidecarSnapshots } from '../../../src/zone/sidecar-snapshots.js'
import { XdsService } from '../../../src/zone/xds-service.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { MemoryLink } from '../../support/memory-duplex.js'
import { draft, put } from '../../support/resource-builder.js'

export const GRACE_MS = 10_000

type Link = MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<unknown>>

export interface FakeSidecar {
  readonly link: Link
  readonly received: ReceivedBatch<unknown>[]
  readonly ended: CloseReason[]
}

/** What serves a zone's sidecars, over a memory store and without sockets, on a clock that is stepped. */
export class ZoneLab {
  readonly clock = new FakeClock()
  readonly random = seededRandom(1)
  readonly store: TenantStore
  readonly mirror: MeshMirror
  readonly snapshots: SidecarSnapshots
  readonly lifecycle: DataplaneLifecycle
  readonly xds: XdsService
  authenticator: DataplaneAuthenticator = { authenticate: async () => {} }

  constructor() {
    const { clock, random } = this
    const log = silentLogger
    this.store = new MemoryStore({ clock, random }).tenant(DEFAULT_TENANT)
    this.mirror = new MeshMirror({ store: this.store, clock, random })
    const certificates = new WorkloadCertificates({ mirror: this.mirror, zone: 'zone-1', clock, log })
    this.snapshots = new SidecarSnapshots({ mirror: this.mirror, certificates, zone: 'zone-1', clock, log })
    this.lifecycle = new DataplaneLifecycle({
      store: this.store,
      zone: 'zone-1',
      instanceId: 'zone-cp-1',
      clock,
      log,
      graceMs: GRACE_MS,
    })
    const options = {
      store: this.store,
      snapshots: this.snapshots,
      certificates,
      lifecycle: this.lifecycle,
      authenticator: {
        authenticate: (...given: Parameters<DataplaneAuthenticator['authenticate']>) =>
          this.authenticator.authenticate(...given),
      },
      tenant: 'default',
      zone: 'zone-1',
      instanceId: 'zone-cp-1',
      insightFlushMs: 10_000,
      clock,
      random,
      log,
      metrics: noMetrics,
      hops: new Hops(clock),
      onProgress: () => {},
    }
    this.xds = new XdsService(options)
  }

  async start(): Promise<this> {
    await this.store.commit([put(draft('Mesh', 'default'))])
    await this.mirror.start()
    await this.snapshots.start()
    return this
  }

  /** A sidecar that asks for its configuration and takes all of it. `resource`: the Dataplane that it brings. */
  sidecar(
    id: string,
    resource?: Json,
    types: readonly string[] = [ENVOY_TYPE_URL.cluster, ENVOY_TYPE_URL.listener],
  ): FakeSidecar {
    const link: Link = new MemoryLink({
      toRight: (response: EncodedResponse) => decodeXdsResponse(response.bytes),
      toLeft: (request: DeltaRequest) => request,
      auto: true,
    })
    const sidecar: FakeSidecar = { link, received: [], ended: [] }
    void this.xds.serve({ authorization: ['token'] }, link.left)
    const metadata = resource === undefined ? {} : { 'dataplane.resource': canonicalJson(resource) }
    const subscriber = new Subscriber<unknown>({
      duplex: link.right,
      sink: {
        async apply(batch) {
          sidecar.received.push(batch)
          return { kind: 'applied' }
        },
      },
      clock: this.clock,
      asks: types.map((type) => ({ type, subscribe: ['*'] })),
      node: { id, metadata },
      nodeShort: { id },
      observer: { onEnd: (reason) => sidecar.ended.push(reason) },
    })
    subscriber.start()
    return sidecar
  }

  async rest(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) {
      await settled()
      this.clock.step(0)
    }
  }

  async names(type: ResourceType): Promise<readonly string[]> {
    return (await this.store.list(type)).resources.map(({ name }) => name)
  }

  async openSubscriptions(name: string): Promise<number> {
    const insight = await this.store.get({ type: 'DataplaneInsight', mesh: 'default', name })
    const all = insight ? (specOf(insight).subscriptions as readonly JsonObject[]) : []
    return all.filter(({ disconnectTime }) => disconnectTime === undefined).length
  }
}

/** The Dataplane that a sidecar brings. */
export function brought(name: string, workload = 'backend'): JsonObject {
  return {
    type: 'Dataplane',
    mesh: 'default',
    name,
    labels: { 'kuma.io/workload': workload },
    networking: { address: '127.0.0.1', inbound: [{ port: 8080 }] },
  }
}
