import { canonicalJson, type Json } from '../../model/json.js'
import { LABEL, type Labels } from '../../model/labels.js'
import { type Resource, specOf } from '../../model/resource.js'
import { type MeshServicePort, type MeshServiceSpec, SUPPORTED_PROTOCOLS } from '../../model/specs/mesh-service.js'
import { type InboundSpec, sectionName } from '../snapshot/dataplane-spec.js'
import { inboundsOf } from './service-match.js'

const MANAGER = 'meshservice-generator'

/** RFC 1035 label: a workload of another form gives no MeshService, as in Kuma. */
const SERVICE_NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/

export interface GeneratedService {
  readonly name: string
  readonly ports: readonly MeshServicePort[]
}

/** The MeshService that the Dataplanes of one value of `kuma.io/workload` ask for, beside the MeshService of that name. */
export function generatedService(
  name: string,
  members: readonly Resource[],
  existing: Resource | undefined,
): GeneratedService | undefined {
  if (!SERVICE_NAME.test(name)) return undefined
  const offers = members.map((member) => portsOf(inboundsOf(member))).filter((ports) => ports.length > 0)
  const [first] = offers
  if (!first) return undefined
  const now = existing && isGenerated(existing) ? specOf<MeshServiceSpec>(existing).ports : undefined
  // Dataplanes may disagree: the existing ports stay as long as one still offers them, else the first one decides
  // (kuma `meshservice/generate`).
  return { name, ports: offers.some((offer) => same(offer, now)) ? (now ?? first) : first }
}

/** Made and deleted by this generator; another MeshService of the name is its author's. */
export function isGenerated(service: Resource): boolean {
  return service.labels[LABEL.managedBy] === MANAGER && (service.labels[LABEL.origin] ?? 'zone') === 'zone'
}

export function serviceLabels(mesh: string, name: string, zone: string): Labels {
  return {
    [LABEL.mesh]: mesh,
    [LABEL.displayName]: name,
    [LABEL.managedBy]: MANAGER,
    [LABEL.env]: 'universal',
    [LABEL.zone]: zone,
    [LABEL.origin]: 'zone',
  }
}

export function workloadSelector(name: string): MeshServiceSpec['selector'] {
  return { dataplaneLabels: { matchLabels: { [LABEL.workload]: name } } }
}

/** Since when a service has no Dataplane; undefined while it has, or when the label says no time. */
export function graceStartedMs(service: Resource): number | undefined {
  const startedMs = Date.parse(service.labels[LABEL.deletionGrace] ?? '')
  return Number.isNaN(startedMs) ? undefined : startedMs
}

function portsOf(inbounds: readonly InboundSpec[]): readonly MeshServicePort[] {
  return inbounds.map(({ port, name, protocol }) => ({
    name: sectionName({ name: name ?? '', port }),
    port,
    targetPort: port,
    appProtocol: protocolOf(protocol),
  }))
}

/** What a service may not state is plain TCP: Kuma writes `tls` and `mysql` here, which its own global then refuses. */
function protocolOf(stated: string | undefined): string {
  return SUPPORTED_PROTOCOLS.find((known) => known === stated?.toLowerCase()) ?? 'tcp'
}

function same(a: readonly MeshServicePort[], b: readonly MeshServicePort[] | undefined): boolean {
  return b !== undefined && canonicalJson(a as unknown as Json) === canonicalJson(b as unknown as Json)
}
