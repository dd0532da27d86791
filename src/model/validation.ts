import type { z } from 'zod'
import type { Violation } from '../base/errors.js'
import { isJsonObject, type Json, type JsonObject } from './json.js'
import type { ResourceType } from './registry.js'
import { checkDataplane } from './specs/dataplane.js'
import { checkHostnameGenerator, hostnameGeneratorSchema } from './specs/hostname-generator.js'
import { checkMeshAccessLog, meshAccessLogSchema } from './specs/mesh-access-log.js'
import { checkMeshCircuitBreaker, meshCircuitBreakerSchema } from './specs/mesh-circuit-breaker.js'
import { checkMeshExternalService, meshExternalServiceSchema } from './specs/mesh-external-service.js'
import { checkMeshFaultInjection, meshFaultInjectionSchema } from './specs/mesh-fault-injection.js'
import { checkMeshHealthCheck, meshHealthCheckSchema } from './specs/mesh-health-check.js'
import { checkMeshHTTPRoute, meshHTTPRouteSchema } from './specs/mesh-http-route.js'
import { checkMeshIdentity, meshIdentitySchema } from './specs/mesh-identity.js'
import {
  checkMeshLoadBalancingStrategy,
  meshLoadBalancingStrategySchema,
} from './specs/mesh-load-balancing-strategy.js'
import { checkMeshMetric, meshMetricSchema } from './specs/mesh-metric.js'
import { checkMeshOpenTelemetryBackend, meshOpenTelemetryBackendSchema } from './specs/mesh-open-telemetry-backend.js'
import { checkMeshPassthrough, meshPassthroughSchema } from './specs/mesh-passthrough.js'
import { checkMeshProxyPatch, meshProxyPatchSchema } from './specs/mesh-proxy-patch.js'
import { checkMeshRateLimit, meshRateLimitSchema } from './specs/mesh-rate-limit.js'
import { checkMeshRetry, meshRetrySchema } from './specs/mesh-retry.js'
import {
  checkMeshMultiZoneService,
  checkMeshService,
  meshMultiZoneServiceSchema,
  meshServiceSchema,
} from './specs/mesh-service.js'
import { checkMeshTCPRoute, meshTCPRouteSchema } from './specs/mesh-tcp-route.js'
import { checkMeshTimeout, meshTimeoutSchema } from './specs/mesh-timeout.js'
import { checkMeshTLS, meshTLSSchema } from './specs/mesh-tls.js'
import { checkMeshTrace, meshTraceSchema } from './specs/mesh-trace.js'
import { checkMeshTrafficPermission, meshTrafficPermissionSchema } from './specs/mesh-traffic-permission.js'
import { checkMeshTrust, meshTrustSchema } from './specs/mesh-trust.js'
import { checkMeshZoneAddress, meshZoneAddressSchema } from './specs/mesh-zone-address.js'
import { schemaFaults } from './specs/schema-violations.js'
import { workloadSchema } from './specs/workload.js'

export type SpecCheck =
  | { readonly ok: true; readonly spec: JsonObject }
  | {
      readonly ok: false
      readonly violations: readonly Violation[]
      /** The message of Go's decoder where the shape holds and a value does not parse; Kuma answers it as a bad request. */
      readonly undecodable: string | undefined
    }

type Checker = (spec: Json | undefined) => SpecCheck

const JSON_SPECS: Partial<Record<ResourceType, Checker>> = {
  HostnameGenerator: checker(hostnameGeneratorSchema, checkHostnameGenerator),
  MeshService: checker(meshServiceSchema, checkMeshService),
  MeshMultiZoneService: checker(meshMultiZoneServiceSchema, checkMeshMultiZoneService),
  MeshExternalService: checker(meshExternalServiceSchema, checkMeshExternalService),
  MeshIdentity: checker(meshIdentitySchema, checkMeshIdentity),
  MeshTrust: checker(meshTrustSchema, checkMeshTrust),
  MeshOpenTelemetryBackend: checker(meshOpenTelemetryBackendSchema, checkMeshOpenTelemetryBackend),
  MeshZoneAddress: checker(meshZoneAddressSchema, checkMeshZoneAddress),
  Workload: checker(workloadSchema, () => []),
  MeshHTTPRoute: checker(meshHTTPRouteSchema, checkMeshHTTPRoute),
  MeshTCPRoute: checker(meshTCPRouteSchema, checkMeshTCPRoute),
  MeshTLS: checker(meshTLSSchema, checkMeshTLS),
  MeshLoadBalancingStrategy: checker(meshLoadBalancingStrategySchema, checkMeshLoadBalancingStrategy),
  MeshPassthrough: checker(meshPassthroughSchema, checkMeshPassthrough),
  MeshAccessLog: checker(meshAccessLogSchema, checkMeshAccessLog),
  MeshTrace: checker(meshTraceSchema, checkMeshTrace),
  MeshFaultInjection: checker(meshFaultInjectionSchema, checkMeshFaultInjection),
  MeshRateLimit: checker(meshRateLimitSchema, checkMeshRateLimit),
  MeshTimeout: checker(meshTimeoutSchema, checkMeshTimeout),
  MeshTrafficPermission: checker(meshTrafficPermissionSchema, checkMeshTrafficPermission),
  MeshHealthCheck: checker(meshHealthCheckSchema, checkMeshHealthCheck),
  MeshCircuitBreaker: checker(meshCircuitBreakerSchema, checkMeshCircuitBreaker),
  MeshRetry: checker(meshRetrySchema, checkMeshRetry),
  MeshMetric: checker(meshMetricSchema, checkMeshMetric),
  MeshProxyPatch: checker(meshProxyPatchSchema, checkMeshProxyPatch),
}

/**
 * What a client wrote, checked and completed: unknown fields are dropped, schema defaults are filled in, durations take
 * Go's form. For protobuf types the spec is their canonical protobuf JSON, whose shape its decoding has checked.
 * Names are not looked at: see `names.ts`.
 */
export function validateSpec(type: ResourceType, spec: Json | undefined): SpecCheck {
  const checkJson = JSON_SPECS[type]
  if (checkJson) return checkJson(spec)
  const object = isJsonObject(spec) ? spec : {}
  const violations = type === 'Dataplane' ? checkDataplane(object) : []
  return violations.length === 0 ? { ok: true, spec: object } : { ok: false, violations, undecodable: undefined }
}

/** The same rules for a copy received from a peer, whose own text is kept: what this version does not know stays in it. */
export function validateStored(type: ResourceType, spec: Json): readonly Violation[] {
  const checked = validateSpec(type, spec)
  return checked.ok ? [] : checked.violations
}

/** Schema first; the rules that go beyond it see only what has passed it. */
function checker<Schema extends z.ZodType>(
  schema: Schema,
  check: (spec: z.infer<Schema>) => readonly Violation[],
): Checker {
  return (spec) => {
    const parsed = schema.safeParse(spec, { reportInput: true })
    if (!parsed.success) return { ok: false, ...schemaFaults(parsed.error.issues) }
    const violations = check(parsed.data)
    if (violations.length > 0) return { ok: false, violations, undecodable: undefined }
    return { ok: true, spec: parsed.data as JsonObject }
  }
}
