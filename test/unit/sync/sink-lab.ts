import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { canonicalJson, type Json } from '../../../src/model/json.js'
import type { Labels } from '../../../src/model/labels.js'
import type { ResourceType } from '../../../src/model/registry.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { DeltaResource } from '../../../src/protocol/messages.js'
import type { Outcome } from '../../../src/protocol/ports.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore, Write } from '../../../src/store/store.js'
import { globalRules, type ReceiverRules, zoneRules } from '../../../src/sync/receiver-rules.js'
import { type Applied, StoreSink } from '../../../src/sync/store-sink.js'
import { encodeKumaResource } from '../../../src/wire/resource-codec.js'
import { encodeSpec, encodeStatus } from '../../../src/wire/spec-codec.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

export const FROM_GLOBAL: Labels = { 'kuma.io/origin': 'global' }

/** A resource as a peer sends it. */
export interface Sent {
  readonly name: string
  readonly mesh?: string
  readonly labels?: Labels
  readonly spec?: Json
  readonly status?: Json
  readonly version?: string
  /** These bytes instead. */
  readonly payload?: Uint8Array
}

export function sent(
  type: ResourceType,
  { name, mesh = 'default', labels = FROM_GLOBAL, ...rest }: Sent,
): DeltaResource<Uint8Array> {
  const spec = encodeSpec(type, canonicalJson(rest.spec ?? {}))
  const status = rest.status === undefined ? undefined : encodeStatus(canonicalJson(rest.status))
  const payload = rest.payload ?? encodeKumaResource({ name, mesh, labels, spec, status })
  return { name: `${name}.${mesh}`, version: rest.version ?? 'v1', payload }
}

export interface Batch {
  readonly whole?: boolean
  readonly removed?: readonly string[]
}

/** A sink over a memory store whose commits a test may hold or precede. */
export class SinkLab {
  readonly clock = new FakeClock()
  readonly store: TenantStore = new MemoryStore({ clock: this.clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  readonly applied: (readonly Applied[])[] = []
  readonly rewrites: string[] = []
  readonly sink: StoreSink
  /** Runs before each commit of the sink. */
  beforeCommit: () => Promise<unknown> = async () => {}

  constructor(side: 'zone' | 'global' = 'zone') {
    const rules: ReceiverRules =
      side === 'zone' ? zoneRules : globalRules('zone-1', (type, claimed) => this.rewrites.push(`${type} ${claimed}`))
    const store: TenantStore = {
      tenant: this.store.tenant,
      get: (key) => this.store.get(key),
      list: (type, filter) => this.store.list(type, filter),
      listAll: (types) => this.store.listAll(types),
      watch: (listener) => this.store.watch(listener),
      changesSince: (epoch, revision) => this.store.changesSince(epoch, revision),
      head: () => this.store.head(),
      commit: async (writes: readonly Write[]) => {
        await this.beforeCommit()
        return this.store.commit(writes)
      },
    }
    this.sink = new StoreSink({
      store,
      rules,
      clock: this.clock,
      random: seededRandom(2),
      log: silentLogger,
      onApplied: (_type, names) => this.applied.push(names),
    })
  }

  apply(type: ResourceType, resources: readonly Sent[], { whole = false, removed = [] }: Batch = {}): Promise<Outcome> {
    return this.sink.apply({ type, wholeTruth: whole, resources: resources.map((one) => sent(type, one)), removed })
  }

  /** A resource that is there before. */
  async have(...[type, name, parts]: Parameters<typeof draft>): Promise<void> {
    await this.store.commit([put(draft(type, name, parts))])
  }

  async names(type: ResourceType): Promise<readonly string[]> {
    return (await this.store.list(type)).resources.map(({ name }) => name)
  }

  async spec(type: ResourceType, name: string): Promise<unknown> {
    await settled()
    const found = (await this.store.list(type)).resources.find((resource) => resource.name === name)
    return found && specOf(found)
  }
}
