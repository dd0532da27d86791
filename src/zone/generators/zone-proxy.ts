import { canonicalJson } from '../../model/json.js'
import { isLocallyOriginated, LABEL, type Labels } from '../../model/labels.js'
import { displayName, type Resource, type ResourceDraft, specOf } from '../../model/resource.js'
import type { MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { MeshZoneAddressSpec } from '../../model/specs/mesh-zone-address.js'
import type { Write } from '../../store/store.js'
import type { LocalServices } from '../local-services.js'
import type { MeshMirror } from '../mesh-mirror.js'
import { sectionName } from '../snapshot/dataplane-spec.js'
import { meshDraft, put } from './drafts.js'

export const ZONE_PROXY_NAME = 'zone-proxy'

export interface ZoneProxyOptions {
  readonly mirror: MeshMirror
  readonly localServices: LocalServices
  readonly mesh: string
  readonly zone: string
  /** Address that the proxy binds and that other zones reach it by. */
  readonly address: string
  /** The proxies of all meshes take the first free ports from here on. */
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
  const stored = mirror.of(mesh, 'Dataplane').get(ZONE_PROXY_NAME)
  const ports = new PortRange(options)
  const listeners = stored ? listenersOf(stored) : newListeners(options, ports)
  const ingress = listeners.find(({ type }) => type === 'ZoneIngress')?.port ?? options.firstPort
  const wanted = new Map(addressDrafts(options, ingress, ports).map((draft) => [draft.name, draft]))
  const writes: Write[] = stored ? [] : [put(proxyDraft(options, listeners), 'absent')]
  for (const draft of wanted.values()) {
    const before = existing.get(draft.name)
    if (before?.spec === draft.spec) continue
    writes.push(put(draft, before ? { version: before.version } : 'absent'))
  }
  for (const address of existing.values()) {
    if (!isExport(address) || wanted.has(address.name)) continue
    writes.push({ kind: 'delete', key: address, expect: { version: address.version } })
  }
  return writes
}

/** Hands out ports that no proxy of this zone has, whatever its mesh: they all bind one address. */
class PortRange {
  readonly #taken = new Set<number>()
  #next: number

  constructor({ mirror, firstPort }: ZoneProxyOptions) {
    this.#next = firstPort
    for (const mesh of mirror.meshNames) {
      const proxy = mirror.of(mesh, 'Dataplane').get(ZONE_PROXY_NAME)
      for (const { port } of proxy ? listenersOf(proxy) : []) this.#taken.add(port)
      for (const address of mirror.of(mesh, 'MeshZoneAddress').values()) {
        if (isExport(address)) this.#taken.add(specOf<MeshZoneAddressSpec>(address).port)
      }
    }
  }

  take(): number {
    while (this.#taken.has(this.#next)) this.#next += 1
    this.#taken.add(this.#next)
    return this.#next
  }
}

interface ProxyListener {
  readonly type: 'ZoneIngress' | 'ZoneEgress'
  readonly address: string
  readonly port: number
  readonly name: string
}

function listenersOf(proxy: Resource): readonly ProxyListener[] {
  return specOf<{ networking?: { listeners?: readonly ProxyListener[] } }>(proxy).networking?.listeners ?? []
}

function newListeners({ address }: ZoneProxyOptions, ports: PortRange): readonly ProxyListener[] {
  return [
    { type: 'ZoneIngress', address, port: ports.take(), name: 'ingress' },
    { type: 'ZoneEgress', address, port: ports.take(), name: 'egress' },
  ]
}

function proxyDraft({ mesh, zone, address }: ZoneProxyOptions, listeners: readonly ProxyListener[]): ResourceDraft {
  const labels = {
    ...zoneLabels(mesh, zone, ZONE_PROXY_NAME),
    [LABEL.zoneIngress]: 'enabled',
    [LABEL.zoneEgress]: 'enabled',
  }
  const networking = { address, listeners: listeners.map((listener) => ({ ...listener })) }
  return meshDraft('Dataplane', mesh, ZONE_PROXY_NAME, labels, canonicalJson({ networking }))
}

function addressDrafts(
  { mirror, localServices, mesh, zone, address }: ZoneProxyOptions,
  ingressPort: number,
  ports: PortRange,
): readonly ResourceDraft[] {
  const draft = (name: string, port: number, more: Labels = {}) =>
    meshDraft(
      'MeshZoneAddress',
      mesh,
      name,
      { ...zoneLabels(mesh, zone, name), ...more },
      canonicalJson({ address, port }),
    )
  const plain = draft(ZONE_PROXY_NAME, ingressPort)
  // With a MeshIdentity other zones come by SNI over the plain address, as in Kuma.
  if (mirror.of(mesh, 'MeshIdentity').size > 0) return [plain]
  const existing = mirror.of(mesh, 'MeshZoneAddress')
  const exports = exportedPorts(localServices).map(({ service, port }) => {
    const held = existing.get(`${service}-${port}`)
    const number = held ? specOf<MeshZoneAddressSpec>(held).port : ports.take()
    return draft(`${service}-${port}`, number, { [LABEL.exportedService]: service, [LABEL.exportedPort]: port })
  })
  return [plain, ...exports]
}

function exportedPorts(localServices: LocalServices): readonly { readonly service: string; readonly port: string }[] {
  return [...localServices.all()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((service) =>
      (specOf<MeshServiceSpec>(service).ports ?? []).map(({ name, port }) => ({
        service: displayName(service),
        port: sectionName({ name: name ?? '', port }),
      })),
    )
    .slice(0, EXPORTS_MAX)
}

/** An address of this zone's own for one exported port. */
export function isExport(address: Resource): boolean {
  return isLocallyOriginated(address.labels, 'zone') && address.labels[LABEL.exportedService] !== undefined
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
