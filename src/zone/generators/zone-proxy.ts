import { canonicalJson } from '../../model/json.js'
import { isLocallyOriginated, LABEL, type Labels } from '../../model/labels.js'
import { displayName, type Resource, type ResourceDraft, specOf } from '../../model/resource.js'
import type { MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { MeshZoneAddressSpec } from '../../model/specs/mesh-zone-address.js'
import type { Write } from '../../store/store.js'
import type { MeshMirror } from '../mesh-mirror.js'
import { sectionName } from '../snapshot/dataplane-spec.js'
import { meshDraft, put } from './drafts.js'

export const ZONE_PROXY_NAME = 'zone-proxy'

export interface ZoneProxyOptions {
  readonly mirror: MeshMirror
  readonly mesh: string
  readonly zone: string
  /** Address that the proxy binds and that other zones reach it by. */
  readonly address: string
  /** ZoneIngress listens here, ZoneEgress on the next, exported service ports on those after. */
  readonly firstPort: number
}

/** Ports that one zone proxy can open: enough for any lab, and a bound for a runaway. */
const EXPORTS_MAX = 10_000

/**
 * The zone's own proxy in a mesh: a Dataplane with a ZoneIngress and a ZoneEgress listener, its plain MeshZoneAddress,
 * and without mTLS one labelled MeshZoneAddress per exported service port (docs/DIFFERENCES.md): a port keeps its
 * number for as long as its address exists.
 */
export function planZoneProxy(options: ZoneProxyOptions): readonly Write[] {
  const { mirror, mesh } = options
  const existing = mirror.of(mesh, 'MeshZoneAddress')
  const wanted = new Map(addressDrafts(options).map((draft) => [draft.name, draft]))
  const writes: Write[] = []
  if (!mirror.of(mesh, 'Dataplane').has(ZONE_PROXY_NAME)) {
    writes.push(put(proxyDraft(options), 'absent'))
  }
  for (const draft of wanted.values()) {
    const before = existing.get(draft.name)
    if (before?.spec === draft.spec) continue
    writes.push(put(draft, before ? { version: before.version } : 'absent'))
  }
  for (const address of existing.values()) {
    if (!isExport(address) || wanted.has(address.name) || !isLocallyOriginated(address.labels, 'zone')) continue
    writes.push({ kind: 'delete', key: address, expect: { version: address.version } })
  }
  return writes
}

function proxyDraft({ mesh, zone, address, firstPort }: ZoneProxyOptions): ResourceDraft {
  const listeners = [
    { type: 'ZoneIngress', address, port: firstPort, name: 'ingress' },
    { type: 'ZoneEgress', address, port: firstPort + 1, name: 'egress' },
  ]
  const labels = {
    ...zoneLabels(mesh, zone, ZONE_PROXY_NAME),
    [LABEL.zoneIngress]: 'enabled',
    [LABEL.zoneEgress]: 'enabled',
  }
  return meshDraft('Dataplane', mesh, ZONE_PROXY_NAME, labels, canonicalJson({ networking: { address, listeners } }))
}

function addressDrafts(options: ZoneProxyOptions): readonly ResourceDraft[] {
  const { mirror, mesh, zone, address, firstPort } = options
  const plain = meshDraft(
    'MeshZoneAddress',
    mesh,
    ZONE_PROXY_NAME,
    zoneLabels(mesh, zone, ZONE_PROXY_NAME),
    canonicalJson({ address, port: firstPort }),
  )
  // With a MeshIdentity other zones come by SNI over the plain address, as in Kuma.
  if (mirror.of(mesh, 'MeshIdentity').size > 0) return [plain]
  const existing = mirror.of(mesh, 'MeshZoneAddress')
  const taken = new Set([...existing.values()].filter(isExport).map((held) => specOf<MeshZoneAddressSpec>(held).port))
  let next = firstPort + 2
  const exports = exportedPorts(mirror, mesh).map(({ service, port }) => {
    const name = `${service}-${port}`
    const held = existing.get(name)
    const number = held ? specOf<MeshZoneAddressSpec>(held).port : freePort()
    const labels = { ...zoneLabels(mesh, zone, name), [LABEL.exportedService]: service, [LABEL.exportedPort]: port }
    return meshDraft('MeshZoneAddress', mesh, name, labels, canonicalJson({ address, port: number }))
  })
  return [plain, ...exports]

  function freePort(): number {
    while (taken.has(next)) next += 1
    taken.add(next)
    return next
  }
}

function exportedPorts(
  mirror: MeshMirror,
  mesh: string,
): readonly { readonly service: string; readonly port: string }[] {
  return [...mirror.of(mesh, 'MeshService').values()]
    .filter((service) => isLocallyOriginated(service.labels, 'zone'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((service) =>
      (specOf<MeshServiceSpec>(service).ports ?? []).map(({ name, port }) => ({
        service: displayName(service),
        port: sectionName({ name: name ?? '', port }),
      })),
    )
    .slice(0, EXPORTS_MAX)
}

function isExport(address: Resource): boolean {
  return address.labels[LABEL.exportedService] !== undefined
}

function zoneLabels(mesh: string, zone: string, name: string): Labels {
  return {
    [LABEL.mesh]: mesh,
    [LABEL.displayName]: name,
    [LABEL.env]: 'universal',
    [LABEL.zone]: zone,
    [LABEL.origin]: 'zone',
  }
}
