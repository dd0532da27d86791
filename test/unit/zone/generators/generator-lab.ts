import { silentLogger } from '../../../../src/base/log.js'
import { seededRandom } from '../../../../src/base/random.js'
import type { Json } from '../../../../src/model/json.js'
import type { Labels } from '../../../../src/model/labels.js'
import type { ResourceType } from '../../../../src/model/registry.js'
import { specOf, statusOf } from '../../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../../src/model/tenant.js'
import { MemoryStore } from '../../../../src/store/memory-store.js'
import type { TenantStore } from '../../../../src/store/store.js'
import { Generators } from '../../../../src/zone/generators/generators.js'
import { MeshMirror } from '../../../../src/zone/mesh-mirror.js'
import { FakeClock } from '../../../support/fake-clock.js'
import { type DraftParts, draft, put, remove } from '../../../support/resource-builder.js'

export const GRACE_MS = 3_600_000

/** A zone's generators over a memory store, on a clock that is stepped. */
export class GeneratorLab {
  readonly clock = new FakeClock()
  readonly store: TenantStore
  readonly generators: Generators
  readonly #mirror: MeshMirror
  /** Runs before each commit of the generators. */
  beforeCommit: () => Promise<unknown> = async () => {}
  commits = 0
  /** Times that something was looked up in the mirror: what planning costs. */
  looks = 0

  constructor(proxy?: { readonly address: string; readonly firstPort: number }, store?: TenantStore) {
    const { clock } = this
    const kept = store ?? new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
    this.store = kept
    const look = () => {
      this.looks += 1
    }
    this.#mirror = new (class extends MeshMirror {
      override of(...asked: Parameters<MeshMirror['of']>) {
        look()
        return super.of(...asked)
      }
    })({ store: kept, clock, random: seededRandom(1) })
    const counting: TenantStore = {
      tenant: kept.tenant,
      get: (key) => kept.get(key),
      list: (type, filter) => kept.list(type, filter),
      listAll: (types) => kept.listAll(types),
      watch: (listener) => kept.watch(listener),
      changesSince: (epoch, revision) => kept.changesSince(epoch, revision),
      head: () => kept.head(),
      commit: async (writes) => {
        this.commits += 1
        await this.beforeCommit()
        return kept.commit(writes)
      },
    }
    const options = {
      store: counting,
      mirror: this.#mirror,
      zone: 'zone-1',
      clock,
      log: silentLogger,
      graceMs: GRACE_MS,
      proxy,
    }
    this.generators = new Generators(options)
  }

  async start(): Promise<this> {
    await this.store.commit([put(draft('Mesh', 'default'))])
    await this.#mirror.start()
    await this.generators.start()
    await this.generators.settled()
    return this
  }

  async have(type: ResourceType, name: string, parts: DraftParts = {}): Promise<void> {
    await this.store.commit([put(draft(type, name, parts))])
    await this.generators.settled()
  }

  async gone(type: ResourceType, name: string): Promise<void> {
    await this.store.commit([remove(draft(type, name))])
    await this.generators.settled()
  }

  async dataplane(
    name: string,
    workload: string,
    inbound: Json = [{ port: 8080 }],
    labels: Labels = {},
  ): Promise<void> {
    const spec = { networking: { address: '127.0.0.1', inbound } }
    await this.have('Dataplane', name, { labels: { 'kuma.io/workload': workload, ...labels }, spec })
  }

  async step(ms: number): Promise<void> {
    await this.clock.stepAsync(ms)
    await this.generators.settled()
  }

  async of(type: ResourceType, name: string) {
    const found = await this.store.get(draft(type, name))
    return (
      found && {
        labels: found.labels,
        spec: specOf(found),
        status: statusOf(found),
        syncedVersion: found.syncedVersion,
      }
    )
  }

  async names(type: ResourceType): Promise<readonly string[]> {
    return (await this.store.list(type)).resources.map(({ name }) => name)
  }
}
