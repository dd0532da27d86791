import { canonicalJson, type Json, type JsonText } from '../../model/json.js'
import { isLocallyOriginated, LABEL, type Labels, sameLabels } from '../../model/labels.js'
import { draftOf, type Resource, type ResourceDraft, specOf, statusOf } from '../../model/resource.js'
import type { MeshMultiZoneServiceSpec, MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { Write } from '../../store/store.js'
import { planIdentities } from '../identity/plan-identities.js'
import { serviceIdentities, type TlsStatus, tlsStatus } from '../identity/service-identities.js'
import { meshDraft, put } from './drafts.js'
import { type HostnamedType, type Hostnames, hostnamesOf } from './hostnames.js'
import {
  type GeneratedService,
  generatedServices,
  graceStartedMs,
  isGenerated,
  serviceLabels,
  workloadSelector,
} from './mesh-services.js'
import { multiZoneMembers } from './multi-zone.js'
import type { PlanContext } from './plan-context.js'
import { serviceCounts } from './proxy-counts.js'
import { DataplaneIndex } from './service-match.js'
import { planWorkloads } from './workloads.js'

export interface Plan {
  readonly writes: readonly Write[]
  /** When something that only time changes is due: a grace period ends. */
  readonly wakeAtMs: number | undefined
}

/** The stored status as far as it is kept rather than computed: addresses once given stay. */
interface KeptStatus {
  readonly vips?: readonly { readonly ip: string }[]
  readonly vip?: { readonly ip: string }
  readonly tls?: { readonly status?: TlsStatus }
  readonly dataplaneProxies?: Json
}

/**
 * Everything that a zone makes in one mesh from what it has: MeshServices and Workloads from Dataplanes, addresses,
 * hostnames and counts in the status of services, and what MeshIdentities ask for. Pure but for the addresses that it
 * takes from the pools and the keys of new authorities; planning again after the writes are stored gives none.
 */
export function planMesh(context: PlanContext): Plan {
  const dataplanes = new DataplaneIndex(context.mirror.of(context.mesh, 'Dataplane').values())
  const services = planServices(context, dataplanes)
  const writes = [
    ...services.writes,
    ...planIdentities(context),
    ...planWorkloads(context, dataplanes),
    ...planMultiZone(context),
    ...planExternal(context),
  ]
  return { writes, wakeAtMs: services.wakeAtMs }
}

function planServices(context: PlanContext, dataplanes: DataplaneIndex): Plan {
  const { mirror, mesh, zone, nowMs, graceMs } = context
  const existing = mirror.of(mesh, 'MeshService')
  const wanted = generatedServices(dataplanes, existing)
  const hostnames = hostnamesIn(context, 'MeshService')
  const writes: Write[] = []
  const wakes: number[] = []
  for (const service of existing.values()) {
    const generated = isGenerated(service) ? wanted.get(service.name) : undefined
    if (isGenerated(service) && !generated) {
      const startedMs = graceStartedMs(service)
      if (startedMs !== undefined && nowMs - startedMs >= graceMs) {
        writes.push({ kind: 'delete', key: service, expect: { version: service.version } })
        continue
      }
      wakes.push((startedMs ?? nowMs) + graceMs)
    }
    const draft = serviceDraft(context, service, generated, dataplanes, hostnames.get(service.name))
    if (differs(service, draft)) writes.push(put(draft, { version: service.version }))
  }
  for (const service of wanted.values()) {
    if (!existing.has(service.name)) writes.push(put(newService(context, service, zone), 'absent'))
  }
  return { writes, wakeAtMs: wakes.length === 0 ? undefined : Math.min(...wakes) }
}

/** Only spec and labels: its status follows once it is stored, when its age and labels are known. */
function newService({ mesh }: PlanContext, { name, ports }: GeneratedService, zone: string): ResourceDraft {
  const spec: MeshServiceSpec = { state: 'Unavailable', selector: workloadSelector(name), ports: [...ports] }
  const labels = serviceLabels(mesh, name, zone)
  return meshDraft('MeshService', mesh, name, labels, text(spec))
}

function serviceDraft(
  context: PlanContext,
  service: Resource,
  generated: GeneratedService | undefined,
  dataplanes: DataplaneIndex,
  hostnames: Hostnames | undefined,
): ResourceDraft {
  const { mesh, zone, nowMs, vips } = context
  const kept = statusOf<KeptStatus>(service) ?? {}
  const addressed = { ...hostnames, vips: kept.vips?.length ? kept.vips : [{ ip: vips.MeshService.allocate() }] }
  // Counts, TLS and state of another zone's service are its own zone's word.
  if (!isLocallyOriginated(service.labels, 'zone')) {
    const status = { tls: kept.tls ?? {}, dataplaneProxies: kept.dataplaneProxies ?? {}, ...addressed }
    return { ...draftOf(service), status: text(status) }
  }
  const before = specOf<MeshServiceSpec>(service)
  const spec = generated ? { ...before, selector: workloadSelector(service.name), ports: [...generated.ports] } : before
  const members = dataplanes.selectedBy(spec)
  const counts = serviceCounts(members, spec.ports ?? [], context.mirror.of(mesh, 'DataplaneInsight'))
  const state = counts.healthy > 0 ? 'Available' : 'Unavailable'
  const tls = { status: tlsStatus(context, kept.tls?.status, members) }
  const status = { ...addressed, tls, dataplaneProxies: withoutZeros(counts) }
  const labels = isGenerated(service) ? generatedLabels(service, generated, mesh, zone, nowMs) : service.labels
  const identities = serviceIdentities(context, members)
  return { ...draftOf(service), labels, spec: text({ ...spec, state, identities }), status: text(status) }
}

function generatedLabels(
  service: Resource,
  generated: GeneratedService | undefined,
  mesh: string,
  zone: string,
  nowMs: number,
): Labels {
  const { [LABEL.deletionGrace]: _grace, ...others } = service.labels
  const labels = { ...others, ...serviceLabels(mesh, service.name, zone) }
  if (generated) return labels
  const startedMs = graceStartedMs(service) ?? nowMs
  return { ...labels, [LABEL.deletionGrace]: new Date(startedMs).toISOString() }
}

function planMultiZone(context: PlanContext): readonly Write[] {
  const { mirror, mesh, vips } = context
  const hostnames = hostnamesIn(context, 'MeshMultiZoneService')
  const members = [...mirror.of(mesh, 'MeshService').values()]
  return [...mirror.of(mesh, 'MeshMultiZoneService').values()].flatMap((service) => {
    const kept = statusOf<KeptStatus>(service) ?? {}
    const meshServices = multiZoneMembers(specOf<MeshMultiZoneServiceSpec>(service), members, mesh, context.zone)
    const ips = kept.vips?.length ? kept.vips : [{ ip: vips.MeshMultiZoneService.allocate() }]
    return update(service, { ...hostnames.get(service.name), meshServices, vips: ips })
  })
}

function planExternal(context: PlanContext): readonly Write[] {
  const hostnames = hostnamesIn(context, 'MeshExternalService')
  return [...context.mirror.of(context.mesh, 'MeshExternalService').values()].flatMap((service) => {
    const vip = statusOf<KeptStatus>(service)?.vip ?? { ip: context.vips.MeshExternalService.allocate() }
    return update(service, { ...hostnames.get(service.name), vip })
  })
}

function hostnamesIn({ mirror, mesh, zone }: PlanContext, type: HostnamedType): ReadonlyMap<string, Hostnames> {
  return hostnamesOf(type, mirror.of(mesh, type).values(), mirror.of(undefined, 'HostnameGenerator').values(), zone)
}

function update(service: Resource, status: unknown): readonly Write[] {
  const next = { ...draftOf(service), status: text(status) }
  return differs(service, next) ? [put(next, { version: service.version })] : []
}

function differs(before: Resource, after: ResourceDraft): boolean {
  return before.spec !== after.spec || before.status !== after.status || !sameLabels(before.labels, after.labels)
}

function withoutZeros(counts: { connected: number; healthy: number; total: number }): Json {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

function text(value: unknown): JsonText {
  return canonicalJson(value as Json)
}
