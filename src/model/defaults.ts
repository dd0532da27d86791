import { computeLabels } from './compute-labels.js'
import { canonicalJson, type JsonObject } from './json.js'
import { LABEL, type Labels } from './labels.js'
import type { ResourceType } from './registry.js'
import type { ResourceDraft, ResourceKey } from './resource.js'
import type { HostnameGeneratorSpec } from './specs/hostname-generator.js'
import type { MeshCircuitBreakerSpec } from './specs/mesh-circuit-breaker.js'
import type { MeshRetrySpec } from './specs/mesh-retry.js'
import type { MeshTimeoutSpec } from './specs/mesh-timeout.js'

/** What a control plane makes by itself (kuma `pkg/defaults`). Secrets with keys are made where keys are: `auth`. */
const WHOLE_MESH = { kind: 'Mesh' } as const

const INBOUND_TIMEOUTS: MeshTimeoutSpec = {
  targetRef: WHOLE_MESH,
  rules: [
    {
      default: {
        connectionTimeout: '10s',
        idleTimeout: '2h0m0s',
        http: { requestTimeout: '0s', streamIdleTimeout: '1h0m0s', maxStreamDuration: '0s' },
      },
    },
  ],
}

const OUTBOUND_TIMEOUTS: MeshTimeoutSpec = {
  targetRef: WHOLE_MESH,
  to: [
    {
      targetRef: WHOLE_MESH,
      default: {
        connectionTimeout: '5s',
        idleTimeout: '1h0m0s',
        http: { requestTimeout: '15s', streamIdleTimeout: '30m0s' },
      },
    },
  ],
}

const CIRCUIT_BREAKER: MeshCircuitBreakerSpec = {
  targetRef: WHOLE_MESH,
  to: [
    {
      targetRef: WHOLE_MESH,
      default: {
        connectionLimits: { maxConnections: 1024, maxPendingRequests: 1024, maxRetries: 3, maxRequests: 1024 },
      },
    },
  ],
}

const RETRIED = {
  numRetries: 5,
  perTryTimeout: '16s',
  backOff: { baseInterval: '25ms', maxInterval: '250ms' },
}

const RETRY: MeshRetrySpec = {
  targetRef: WHOLE_MESH,
  to: [{ targetRef: WHOLE_MESH, default: { tcp: { maxConnectAttempt: 5 }, http: RETRIED, grpc: RETRIED } }],
}

const MESH_POLICIES: readonly (readonly [ResourceType, string, JsonObject])[] = [
  ['MeshTimeout', 'mesh-timeout-all', INBOUND_TIMEOUTS as JsonObject],
  ['MeshTimeout', 'mesh-timeout-to-all', OUTBOUND_TIMEOUTS as JsonObject],
  ['MeshCircuitBreaker', 'mesh-circuit-breaker-all', CIRCUIT_BREAKER as JsonObject],
  ['MeshRetry', 'mesh-retry-all', RETRY as JsonObject],
]

/** The policies of a new mesh. `skipped` is the Mesh's skipCreatingInitialPolicies: type names, or `*` for all. */
export function meshDefaults(mesh: string, skipped: readonly string[]): ResourceDraft[] {
  if (skipped.includes('*')) return []
  return MESH_POLICIES.filter(([type]) => !skipped.includes(type)).map(([type, prefix, spec]) => {
    const key = { type, mesh, name: `${prefix}-${mesh}` }
    const labels = computeLabels({ mode: 'global' }, { ...key, labels: {}, spec })
    return draft(key, labels, spec, { type: 'Mesh', mesh: undefined, name: mesh })
  })
}

const SYNCED = { [LABEL.origin]: 'global' }
const SYNCED_KUBERNETES = { ...SYNCED, [LABEL.env]: 'kubernetes' }
const HEADLESS = 'k8s.kuma.io/is-headless-service'

/** Hostnames of what came from elsewhere: made at the global, they act on the copies in the zones. */
const GLOBAL_GENERATORS: Readonly<Record<string, HostnameGeneratorSpec>> = {
  'synced-universal-mesh-service': {
    selector: { meshService: { matchLabels: { ...SYNCED, [LABEL.env]: 'universal' } } },
    template: '{{ .DisplayName }}.svc.{{ .Zone }}.mesh.local',
  },
  'synced-kube-mesh-service': {
    selector: { meshService: { matchLabels: { ...SYNCED_KUBERNETES, [HEADLESS]: 'false' } } },
    template: '{{ .DisplayName }}.{{ .Namespace }}.svc.{{ .Zone }}.mesh.local',
  },
  'synced-headless-kube-mesh-service': {
    selector: { meshService: { matchLabels: { ...SYNCED_KUBERNETES, [HEADLESS]: 'true' } } },
    template:
      '{{ label "statefulset.kubernetes.io/pod-name" }}.{{ label "k8s.kuma.io/service-name" }}' +
      '.{{ .Namespace }}.svc.{{ .Zone }}.mesh.local',
  },
  'synced-mesh-multi-zone-service': {
    selector: { meshMultiZoneService: { matchLabels: SYNCED } },
    template: '{{ .DisplayName }}.mzsvc.mesh.local',
  },
  'synced-mesh-external-service': {
    selector: { meshExternalService: { matchLabels: SYNCED } },
    template: '{{ .DisplayName }}.extsvc.mesh.local',
  },
}

const LOCAL = { [LABEL.origin]: 'zone' }

const ZONE_GENERATORS: Readonly<Record<string, HostnameGeneratorSpec>> = {
  'local-universal-mesh-service': {
    selector: { meshService: { matchLabels: LOCAL } },
    template: '{{ .DisplayName }}.svc.mesh.local',
  },
  'local-mesh-external-service': {
    selector: { meshExternalService: { matchLabels: LOCAL } },
    template: '{{ .DisplayName }}.extsvc.mesh.local',
  },
}

/** Without labels, as Kuma makes them. */
export function globalDefaults(): ResourceDraft[] {
  return Object.entries(GLOBAL_GENERATORS).map(([name, spec]) => generator(name, {}, spec))
}

/** The generators of a zone; its Zone resource is the zone's own doing. */
export function zoneDefaults(): ResourceDraft[] {
  return Object.entries(ZONE_GENERATORS).map(([name, spec]) => generator(name, LOCAL, spec))
}

function generator(name: string, labels: Labels, spec: HostnameGeneratorSpec): ResourceDraft {
  return draft({ type: 'HostnameGenerator', mesh: undefined, name }, labels, spec as JsonObject, undefined)
}

function draft(key: ResourceKey, labels: Labels, spec: JsonObject, owner: ResourceKey | undefined): ResourceDraft {
  return { ...key, labels, spec: canonicalJson(spec), status: undefined, owner, syncedVersion: undefined }
}
