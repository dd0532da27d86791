import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { canonicalJson, type Json } from '../../../src/model/json.js'
import type { ResourceType } from '../../../src/model/registry.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { openStore } from '../../../src/store/open-store.js'

interface StoredDocument {
  readonly type: ResourceType
  readonly mesh: string
  readonly name: string
  readonly spec: Json
}

/** A store file that holds what no API would accept, for a control plane that starts from it. */
export async function storeWith(file: string, documents: readonly StoredDocument[]): Promise<void> {
  const store = await openStore(file, { clock: systemClock, random: systemRandom, synchronous: 'NORMAL' })
  const puts = documents.map(({ type, mesh, name, spec }) => {
    const labels = { 'kuma.io/mesh': mesh, 'kuma.io/display-name': name, 'kuma.io/origin': 'zone' }
    const rest = { status: undefined, owner: undefined, syncedVersion: undefined }
    return {
      kind: 'put',
      expect: 'absent',
      resource: { type, mesh, name, labels, spec: canonicalJson(spec), ...rest },
    } as const
  })
  await store.tenant(DEFAULT_TENANT).commit(puts)
  await store.close()
}
