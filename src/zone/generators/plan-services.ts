import { canonicalJson, type Json, type JsonText } from '../../model/json.js'
import { isLocallyOriginated, LABEL, type Labels, sameLabels } from '../../model/labels.js'
import { draftOf, type Resource, type ResourceDraft, specOf, statusOf } from '../../model/resource.js'
import type { MeshMultiZoneServiceSpec, MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { Write } from '../../store/store.js'
import { serviceIdentities, type TlsStatus, tlsStatus } from '../identity/service-identities.js'
import { meshDraft, put } from './drafts.js'
import {
  type GeneratedService,
  generatedService,
  graceStartedMs,
  isGenerated,
  serviceLabels,
  workloadSelector,
} from './mesh-services.js'
import { multiZoneMembers } from './multi-zone.js'
import type { PlanContext } from './plan-context.js'
import { serviceCounts } from './proxy-counts.js'
import { membersOf } from './service-match.js'

/** The stored status as far as it is kept rather than computed: addresses once given stay. */
interface KeptStatus {
  readonly vips?: readonly { readonly ip: string }[]
  readonly vip?: { readonly ip: string }
  readonly tls?: { readonly status?: TlsStatus }
  readonly dataplaneProxies?: Json
}

export interface ServicePlan {
  readonly writes: readonly Write[]
  /** When the grace period of a service without Dataplanes ends. */
  readonly graceEndsMs: number | undefined
}

/** The MeshService of a name: what the zone makes of its Dataplanes, or what it says of another's in the status. */
export function planService(context: PlanContext, name: string): ServicePlan {
  const service = context.mirror.of(context.mesh, 'MeshService').get(name)
  const wanted = generatedService(name, context.facts.ofWorkload(name), service)
  if (!service) {
    return { writes: wanted ? [put(newService(context, wanted), 'absent')] : [], graceEndsMs: undefined }
  }
  const generated = isGenerated(service) ? wanted : undefined
  let graceEndsMs: number | undefined
  if (isGenerated(service) && !generated) {
    const { nowMs, graceMs } = context
    const startedMs = graceStartedMs(service)
    if (startedMs !== undefined && nowMs - startedMs >= graceMs) {
      return {
        writes: [{ kind: 'delete', key: service, expect: { version: service.version } }],
        graceEndsMs: undefined,
      }
    }
    graceEndsMs = (startedMs ?? nowMs) + graceMs
  }
  return { writes: update(service, serviceDraft(context, service, generated)), graceEndsMs }
}

export function planMultiZone(context: PlanContext, name: string): readonly Write[] {
  const { mirror, mesh, zone, vips, facts } = context
  const service = mirror.of(mesh, 'MeshMultiZoneService').get(name)
  if (!service) return []
  const kept = statusOf<KeptStatus>(service) ?? {}
  const all = [...mirror.of(mesh, 'MeshService').values()]
  const meshServices = multiZoneMembers(specOf<MeshMultiZoneServiceSpec>(service), all, mesh, zone)
  const ips = kept.vips?.length ? kept.vips : [{ ip: vips.MeshMultiZoneService.allocate() }]
  const status = { ...facts.hostnames.MeshMultiZoneService.of(service), meshServices, vips: ips }
  return update(service, { ...draftOf(service), status: text(status) })
}

export function planExternal({ mirror, mesh, vips, facts }: PlanContext, name: string): readonly Write[] {
  const service = mirror.of(mesh, 'MeshExternalService').get(name)
  if (!service) return []
  const vip = statusOf<KeptStatus>(service)?.vip ?? { ip: vips.MeshExternalService.allocate() }
  const status = { ...facts.hostnames.MeshExternalService.of(service), vip }
  return update(service, { ...draftOf(service), status: text(status) })
}

/** Only spec and labels: its status follows once it is stored, when its age and labels are known. */
function newService({ mesh, zone }: PlanContext, { name, ports }: GeneratedService): ResourceDraft {
  const spec: MeshServiceSpec = { state: 'Unavailable', selector: workloadSelector(name), ports: [...ports] }
  const labels = serviceLabels(mesh, name, zone)
  return meshDraft('MeshService', mesh, name, labels, text(spec))
}

function serviceDraft(context: PlanContext, service: Resource, generated: GeneratedService | undefined): ResourceDraft {
  const { mesh, zone, nowMs, vips, facts } = context
  const kept = statusOf<KeptStatus>(service) ?? {}
  const hostnames = facts.hostnames.MeshService.of(service)
  const addressed = { ...hostnames, vips: kept.vips?.length ? kept.vips : [{ ip: vips.MeshService.allocate() }] }
  // Counts, TLS and state of another zone's service are its own zone's word.
  if (!isLocallyOriginated(service.labels, 'zone')) {
    const status = { tls: kept.tls ?? {}, dataplaneProxies: kept.dataplaneProxies ?? {}, ...addressed }
    return { ...draftOf(service), status: text(status) }
  }
  const before = specOf<MeshServiceSpec>(service)
  const spec = generated ? { ...before, selector: workloadSelector(service.name), ports: [...generated.ports] } : before
  const members = membersOf(spec, facts.dataplanes)
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

function update(service: Resource, next: ResourceDraft): readonly Write[] {
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
