import { systemClock as clock } from '../../../src/base/clock.js'
import { silentLogger as log } from '../../../src/base/log.js'
import { systemRandom as random } from '../../../src/base/random.js'
import { canonicalJson, type Json } from '../../../src/model/json.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { DeltaRequest, EncodedResponse } from '../../../src/protocol/messages.js'
import { Publisher } from '../../../src/protocol/publisher.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { zoneRules } from '../../../src/sync/receiver-rules.js'
import { StoreSink } from '../../../src/sync/store-sink.js'
import { ENVOY_TYPE_URL } from '../../../src/wire/envoy-codec.js'
import { encodeKumaResource } from '../../../src/wire/resource-codec.js'
import { encodeSpec } from '../../../src/wire/spec-codec.js'
import { WorkloadCertificates } from '../../../src/zone/identity/workload-certificates.js'
import { MeshMirror } from '../../../src/zone/mesh-mirror.js'
import { SidecarSnapshots } from '../../../src/zone/sidecar-snapshots.js'
import { draft, put } from '../../support/resource-builder.js'
import { cpuMs, offer } from '../child.js'
import { type Work, workOf } from '../counting/work.js'

const OURS = /\/src\//
const LABELS = { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'zone-1' }
/** Dataplanes of one service. */
const INSTANCES = 10

let sink: StoreSink
let snapshots: SidecarSnapshots
let count = 0
let version = 0
let sent = 0

/** What a zone does between a change that came and the messages that leave for its sidecars, without sockets. */
const methods = {
  async start(sidecars: number): Promise<void> {
    count = sidecars
    const store = new MemoryStore({ clock, random }).tenant(DEFAULT_TENANT)
    await populate(store)
    const mirror = new MeshMirror({ store, clock, random })
    await mirror.start()
    const certificates = new WorkloadCertificates({ mirror, zone: 'zone-1', clock, log })
    snapshots = new SidecarSnapshots({ mirror, certificates, zone: 'zone-1', clock, log })
    await snapshots.start()
    sink = new StoreSink({ store, rules: zoneRules, clock, random, log })
    for (let index = 0; index < sidecars; index += 1) connect(index)
    // Every sidecar has a policy of its own before anything is measured.
    await changes(sidecars)
  },
  async change(times: number): Promise<{ readonly cpuMs: number; readonly encodes: number; readonly sent: number }> {
    const before = { cpuMs: cpuMs(), encodes: snapshots.cache.encodes, sent }
    await changes(times)
    return {
      cpuMs: cpuMs() - before.cpuMs,
      encodes: snapshots.cache.encodes - before.encodes,
      sent: sent - before.sent,
    }
  },
  /** What so many changes take, in a process that counts. */
  async work(times: number): Promise<Work> {
    await changes(times)
    return await workOf(OURS, () => changes(times))
  },
}

export type Zone = typeof methods

offer(methods)

/** Services of some dataplanes each, every dataplane with a label of its own and one outbound. */
async function populate(store: TenantStore): Promise<void> {
  const services = Array.from({ length: count / INSTANCES }, (_, index) => {
    const spec = {
      ports: [{ name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' }],
      selector: { dataplaneLabels: { matchLabels: { 'kuma.io/workload': `service-${index}` } } },
    }
    return put(draft('MeshService', `service-${index}`, { labels: LABELS, spec: spec as unknown as Json }))
  })
  const dataplanes = Array.from({ length: count }, (_, index) => {
    const service = `service-${Math.floor(index / INSTANCES)}`
    const networking = {
      address: `10.0.${index >> 8}.${index & 255}`,
      inbound: [{ port: 80, name: 'http', protocol: 'http' }],
      outbound: [{ port: 20_000, backendRef: { kind: 'MeshService', name: service, port: 80 } }],
    }
    const labels = { ...LABELS, 'kuma.io/workload': service, group: `group-${index}` }
    return put(draft('Dataplane', `dataplane-${index}`, { labels, spec: { networking } }))
  })
  await store.commit([put(draft('Mesh', 'default')), ...services, ...dataplanes])
}

/** A sidecar that accepts at once what it is sent. */
function connect(index: number): void {
  const { source } = snapshots.serve('default', `dataplane-${index}`)
  let heard: (request: DeltaRequest) => void = () => {}
  const ask = (type: string, nonce: string) => {
    heard({
      type,
      nonce,
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      error: undefined,
      node: undefined,
    })
  }
  const publisher = new Publisher({
    source,
    clock,
    duplex: {
      writable: true,
      open: ({ onMessage }) => {
        heard = onMessage
      },
      send: (...responses: readonly EncodedResponse[]) => {
        sent += responses.length
        for (const { type, nonce } of responses) queueMicrotask(() => ask(type, nonce))
      },
      end: () => {},
      abort: () => {},
      pause: () => {},
      resume: () => {},
    },
  })
  publisher.start()
  for (const type of Object.values(ENVOY_TYPE_URL)) ask(type, '')
}

/** Each alters the cluster of one sidecar, and the next one that of another. */
async function changes(times: number): Promise<void> {
  for (let made = 0; made < times; made += 1) {
    version += 1
    const name = `group-${version % count}`
    const to = [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: `${version}ms` } }]
    const spec = encodeSpec(
      'MeshTimeout',
      canonicalJson({ targetRef: { kind: 'Dataplane', labels: { group: name } }, to }),
    )
    const labels = { 'kuma.io/origin': 'global', 'kuma.io/display-name': name }
    const payload = encodeKumaResource({ name, mesh: 'default', labels, spec, status: undefined })
    const resources = [{ name: `${name}.default`, version: String(version), payload }]
    await sink.apply({ type: 'MeshTimeout', wholeTruth: false, resources, removed: [] })
    await snapshots.settled()
  }
}
