import { createHash } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import type { ResourceDraft } from '../../../src/model/resource.js'
import { KumaResourceSchema } from '../../../src/wire/generated/kds/sync_pb.js'

/** What one zone was last sent: name → content version. */
type VersionMap = Map<string, string>

/**
 * A replica, not Kuma: the algorithm by which a control plane with a snapshot for each zone publishes a change (Kuma at
 * 348b6528: `kds/reconcile`, `kds/cache/snapshot.go`). For each zone every resource is filtered, mapped, encoded
 * deterministically and hashed, and the new version map is compared with the last. `versions` counts the hashes.
 */
export class PerZoneSnapshots {
  readonly #resources = new Map<string, ResourceDraft>()
  readonly #zones: readonly { readonly name: string; readonly sent: VersionMap }[]
  hashes = 0

  constructor(resources: readonly ResourceDraft[], zones: number) {
    for (const resource of resources) this.#resources.set(keyOf(resource), resource)
    this.#zones = Array.from({ length: zones }, (_, index) => ({ name: `zone-${index}`, sent: new Map() }))
    for (const zone of this.#zones) this.#reconcile(zone)
    this.hashes = 0
  }

  /** One change to all zones. Returns how many resources were to be sent. */
  change(resource: ResourceDraft): number {
    this.#resources.set(keyOf(resource), resource)
    return this.#zones.reduce((sum, zone) => sum + this.#reconcile(zone), 0)
  }

  #reconcile({ name: zone, sent }: { readonly name: string; readonly sent: VersionMap }): number {
    let changed = 0
    for (const [key, resource] of this.#resources) {
      if (resource.labels['kuma.io/zone'] === zone) continue
      const version = this.#version({
        ...resource,
        labels: { ...resource.labels, 'kuma.io/display-name': resource.name },
      })
      if (sent.get(key) === version) continue
      sent.set(key, version)
      changed += 1
    }
    return changed
  }

  #version({ name, mesh = '', labels, spec }: ResourceDraft): string {
    this.hashes += 1
    const meta = { name, mesh, labels: { ...labels } }
    const bytes = toBinary(KumaResourceSchema, create(KumaResourceSchema, { meta, spec: { value: Buffer.from(spec) } }))
    return createHash('sha256').update(bytes).digest('hex')
  }
}

function keyOf({ type, mesh, name }: ResourceDraft): string {
  return `${type}/${mesh ?? ''}/${name}`
}
