import { type Descriptor, type Flow, flowsDown, flowsUp, type PolicyDescriptor } from './descriptor.js'

/** Kuma's flag bits (`pkg/core/resources/model/resource.go`): 1 zone consumes, 4 global consumes, 8 zone provides, 16 global provides, 32 across zones. */
function flow(bits: number): Flow {
  return {
    consumedByZone: (bits & 1) !== 0,
    consumedByGlobal: (bits & 4) !== 0,
    providedByZone: (bits & 8) !== 0,
    providedByGlobal: (bits & 16) !== 0,
    acrossZones: (bits & 32) !== 0,
  }
}

type Extra = Partial<Omit<Descriptor, 'scope' | 'spec' | 'flow'>> & { readonly plural?: string }

function describe(
  scope: Descriptor['scope'],
  spec: Descriptor['spec'],
  bits: number,
  path: string,
  extra: Extra & { display: string },
): Descriptor {
  const { plural, ...rest } = extra
  return {
    scope,
    spec,
    flow: flow(bits),
    hasStatus: false,
    keepsName: false,
    paths: path === '' ? [] : path.split(','),
    displayPlural: plural ?? `${extra.display}s`,
    includeInFederation: false,
    readOnly: false,
    adminOnly: false,
    ...rest,
  }
}

function policy(
  path: string,
  short: string,
  display: string,
  order: number,
  sides: 'to' | 'rules' | 'to+rules' | 'none',
  extra: Partial<Extra> = {},
): Descriptor {
  const described: PolicyDescriptor = { hasTo: sides.includes('to'), hasRules: sides.includes('rules'), order }
  return describe('mesh', 'json', 61, path, { short, display, includeInFederation: true, policy: described, ...extra })
}

/** The one table of resource types: Kuma 3.0's names, bits, paths and flags (kuma 348b6528). */
export const REGISTRY = {
  Mesh: describe('global', 'proto', 17, 'meshes', {
    short: 'm',
    display: 'Mesh',
    plural: 'Meshes',
    keepsName: true,
    includeInFederation: true,
  }),
  Zone: describe('global', 'proto', 24, 'zones', { short: 'z', display: 'Zone' }),
  ZoneInsight: describe('global', 'proto', 24, 'zone-insights', { display: 'Zone Insight', readOnly: true }),
  MeshInsight: describe('global', 'proto', 16, 'mesh-insights', { display: 'Mesh Insight', readOnly: true }),
  Config: describe('global', 'proto', 25, '', { display: 'Config', keepsName: true }),
  GlobalSecret: describe('global', 'proto', 25, 'globalsecrets,global-secrets', {
    display: 'Global Secret',
    keepsName: true,
    includeInFederation: true,
    adminOnly: true,
  }),
  HostnameGenerator: describe('global', 'json', 29, 'hostnamegenerators', {
    short: 'hg',
    display: 'Hostname Generator',
    includeInFederation: true,
  }),
  Secret: describe('mesh', 'proto', 25, 'secrets', {
    display: 'Secret',
    keepsName: true,
    includeInFederation: true,
    adminOnly: true,
  }),
  Dataplane: describe('mesh', 'proto', 12, 'dataplanes', { short: 'dp', display: 'Dataplane' }),
  DataplaneInsight: describe('mesh', 'proto', 12, 'dataplane-insights', {
    display: 'Dataplane Insight',
    readOnly: true,
  }),
  ServiceInsight: describe('mesh', 'proto', 17, 'service-insights', { display: 'Service Insight', readOnly: true }),
  MeshService: describe('mesh', 'json', 44, 'meshservices', {
    short: 'msvc',
    display: 'Mesh Service',
    hasStatus: true,
  }),
  MeshMultiZoneService: describe('mesh', 'json', 17, 'meshmultizoneservices', {
    short: 'mzsvc',
    display: 'Mesh Multi Zone Service',
    hasStatus: true,
    includeInFederation: true,
  }),
  MeshExternalService: describe('mesh', 'json', 29, 'meshexternalservices', {
    short: 'extsvc',
    display: 'Mesh External Service',
    hasStatus: true,
    includeInFederation: true,
  }),
  MeshIdentity: describe('mesh', 'json', 29, 'meshidentities', {
    short: 'mid',
    display: 'Mesh Identity',
    plural: 'Mesh Identities',
    hasStatus: true,
    includeInFederation: true,
  }),
  MeshTrust: describe('mesh', 'json', 29, 'meshtrusts', {
    short: 'mtrust',
    display: 'Mesh Trust',
    hasStatus: true,
    includeInFederation: true,
  }),
  MeshOpenTelemetryBackend: describe('mesh', 'json', 29, 'meshopentelemetrybackends', {
    short: 'motb',
    display: 'Mesh OpenTelemetry Backend',
    hasStatus: true,
    includeInFederation: true,
  }),
  MeshZoneAddress: describe('mesh', 'json', 44, 'meshzoneaddresses', {
    short: 'mza',
    display: 'Mesh Zone Address',
    plural: 'Mesh Zone Addresses',
  }),
  Workload: describe('mesh', 'json', 12, 'workloads', { short: 'wl', display: 'Workload', hasStatus: true }),
  MeshHTTPRoute: policy('meshhttproutes', 'mhttpr', 'Mesh HTTP Route', 100, 'to'),
  MeshTCPRoute: policy('meshtcproutes', 'mtcpr', 'Mesh TCP Route', 200, 'to'),
  MeshTLS: policy('meshtlses', 'mtls', 'Mesh TLS', 300, 'rules', { plural: 'Mesh TLSes' }),
  MeshLoadBalancingStrategy: policy('meshloadbalancingstrategies', 'mlbs', 'Mesh Load Balancing Strategy', 400, 'to', {
    plural: 'Mesh Load Balancing Strategies',
  }),
  MeshPassthrough: policy('meshpassthroughs', 'mp', 'Mesh Passthrough', 500, 'none'),
  MeshAccessLog: policy('meshaccesslogs', 'mal', 'Mesh Access Log', 600, 'to+rules', { hasStatus: true }),
  MeshTrace: policy('meshtraces', 'mtr', 'Mesh Trace', 700, 'none', { hasStatus: true }),
  MeshFaultInjection: policy('meshfaultinjections', 'mfi', 'Mesh Fault Injection', 800, 'to+rules'),
  MeshRateLimit: policy('meshratelimits', 'mrl', 'Mesh Rate Limit', 900, 'to+rules'),
  MeshTimeout: policy('meshtimeouts', 'mt', 'Mesh Timeout', 1000, 'to+rules'),
  MeshTrafficPermission: policy('meshtrafficpermissions', 'mtp', 'Mesh Traffic Permission', 1100, 'rules'),
  MeshHealthCheck: policy('meshhealthchecks', 'mhc', 'Mesh Health Check', 1200, 'to'),
  MeshCircuitBreaker: policy('meshcircuitbreakers', 'mcb', 'Mesh Circuit Breaker', 1300, 'to+rules'),
  MeshRetry: policy('meshretries', 'mr', 'Mesh Retry', 1400, 'to', { plural: 'Mesh Retries' }),
  MeshMetric: policy('meshmetrics', 'mm', 'Mesh Metric', 1500, 'none', { hasStatus: true }),
  MeshProxyPatch: policy('meshproxypatches', 'mpp', 'Mesh Proxy Patch', 9999, 'none', { plural: 'Mesh Proxy Patches' }),
} as const satisfies Record<string, Descriptor>

export type ResourceType = keyof typeof REGISTRY

export const RESOURCE_TYPES = Object.keys(REGISTRY) as readonly ResourceType[]

export function isResourceType(text: string): text is ResourceType {
  return Object.hasOwn(REGISTRY, text)
}

export function descriptorOf(type: ResourceType): Descriptor {
  return REGISTRY[type]
}

/** Mesh first, so that a receiver that shows things as they arrive never shows a policy without its mesh. */
export const DOWN_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter((type) => flowsDown(REGISTRY[type].flow))
export const UP_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter((type) => flowsUp(REGISTRY[type].flow))
export const POLICY_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter(
  (type) => descriptorOf(type).policy !== undefined,
)
