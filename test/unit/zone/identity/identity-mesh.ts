import { seededRandom } from '../../../../src/base/random.js'
import type { Json } from '../../../../src/model/json.js'
import type { ResourceType } from '../../../../src/model/registry.js'
import { type Resource, type ResourceDraft, statusOf } from '../../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../../src/model/tenant.js'
import { MemoryStore } from '../../../../src/store/memory-store.js'
import type { TenantStore } from '../../../../src/store/store.js'
import { planIdentities } from '../../../../src/zone/identity/plan-identities.js'
import type { Condition } from '../../../../src/zone/identity/selection.js'
import { MeshMirror } from '../../../../src/zone/mesh-mirror.js'
import { FakeClock } from '../../../support/fake-clock.js'
import { draft, put } from '../../../support/resource-builder.js'

/** More rounds than any mesh of these tests needs to come to rest. */
const ROUNDS_MAX = 5

/** The mesh `default` of zone east in a store, as planning sees it. */
export class IdentityMesh {
  readonly clock = new FakeClock()
  readonly random = seededRandom(1)
  readonly store: TenantStore = new MemoryStore({ clock: this.clock, random: this.random }).tenant(DEFAULT_TENANT)
  readonly mirror = new MeshMirror({ store: this.store, clock: this.clock, random: this.random })

  static async of(...drafts: readonly ResourceDraft[]): Promise<IdentityMesh> {
    const mesh = new IdentityMesh()
    await mesh.mirror.start()
    await mesh.write(...drafts)
    return mesh
  }

  get context() {
    return { mirror: this.mirror, mesh: 'default', zone: 'east', nowMs: this.clock.nowMs() }
  }

  async write(...drafts: readonly ResourceDraft[]): Promise<void> {
    await this.store.commit(drafts.map((one) => put(one)))
  }

  /** Plans and stores until nothing is left; says in how many rounds. */
  async settle(): Promise<number> {
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
      const writes = planIdentities(this.context)
      if (writes.length === 0) return rounds
      await this.store.commit(writes)
    }
    throw new Error('planning does not come to rest')
  }

  get(type: ResourceType, name: string): Resource {
    const found = this.mirror.of('default', type).get(name)
    if (!found) throw new Error(`${type} ${name} is not there`)
    return found
  }

  names(type: ResourceType): readonly string[] {
    return [...this.mirror.of('default', type).keys()].sort()
  }

  /** `type reason` of each condition of a MeshIdentity, in order; with a `!` when it does not hold. */
  conditions(name = 'identity'): readonly string[] {
    return this.conditionsOf(name).map(({ type, status, reason }) => `${type} ${status === 'True' ? '' : '!'}${reason}`)
  }

  message(type: string, name = 'identity'): string | undefined {
    return this.conditionsOf(name).find((condition) => condition.type === type)?.message
  }

  conditionsOf(name: string): readonly Condition[] {
    return statusOf<{ conditions: readonly Condition[] }>(this.get('MeshIdentity', name))?.conditions ?? []
  }
}

/** A MeshIdentity of everyone, whose authority the zone makes. `bundled` adds to its provider, `spec` to the whole. */
export function meshIdentity(bundled: Record<string, Json> = {}, spec: Record<string, Json> = {}, name = 'identity') {
  return draft('MeshIdentity', name, {
    labels: { 'kuma.io/display-name': name },
    spec: {
      selector: { dataplane: { matchLabels: {} } },
      provider: {
        type: 'Bundled',
        bundled: { autogenerate: { enabled: true }, insecureAllowSelfSigned: true, ...bundled },
      },
      ...spec,
    },
  })
}

export function dataplane(name: string, labels: Readonly<Record<string, string>> = {}, networking: Json = INBOUND) {
  return draft('Dataplane', name, { labels, spec: { networking } })
}

const INBOUND: Json = { address: '10.0.0.1', inbound: [{ port: 8080, name: 'http', protocol: 'http' }] }
