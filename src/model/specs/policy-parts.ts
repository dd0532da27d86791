import { z } from 'zod'
import { headerName, int32, stringMap, uint32 } from './fields.js'

/** Schemas that several policies share: references, matches and header changes (kuma `api/common/v1alpha1`). */
export const topTargetRef = z.object({
  kind: z.enum(['Mesh', 'Dataplane']),
  labels: stringMap.optional(),
  sectionName: z.string().optional(),
})
export type TopTargetRef = z.infer<typeof topTargetRef>

export const toTargetRef = z.object({
  kind: z.enum(['Mesh', 'MeshService', 'MeshExternalService', 'MeshMultiZoneService', 'MeshHTTPRoute']),
  labels: stringMap.optional(),
  sectionName: z.string().optional(),
})
export type ToTargetRef = z.infer<typeof toTargetRef>

export const backendRef = z.object({
  kind: z.enum(['Mesh', 'MeshService', 'MeshExternalService', 'MeshMultiZoneService', 'MeshHTTPRoute', 'Dataplane']),
  labels: stringMap.optional(),
  sectionName: z.string().optional(),
  port: uint32.optional(),
  weight: z.int().min(0).max(4294967295).default(1),
})
export type BackendRef = z.infer<typeof backendRef>

export type TargetRefKind = BackendRef['kind']

/** What an inbound rule may ask of the caller. */
export const match = z.object({
  spiffeID: z.object({ type: z.enum(['Exact', 'Prefix']), value: z.string() }).optional(),
  sni: z.object({ type: z.enum(['Exact']), value: z.string() }).optional(),
})
export type Match = z.infer<typeof match>

const headerValue = z.object({ name: headerName, value: z.string() })

/** At most 16 headers each way, as the Gateway API has it. */
export const headerSetter = z.object({
  add: z.array(headerValue).max(16).optional(),
  set: z.array(headerValue).max(16).optional(),
})

export const headerModifier = headerSetter.extend({ remove: z.array(z.string()).max(16).optional() })
export type HeaderModifier = z.infer<typeof headerModifier>

export const headerMatch = z.object({
  name: headerName,
  type: z.enum(['Exact', 'Present', 'RegularExpression', 'Absent', 'Prefix']).default('Exact'),
  value: z.string().optional(),
})
export type HeaderMatch = z.infer<typeof headerMatch>

/** A collector of telemetry, by label. */
export const telemetryBackendRef = z.object({
  kind: z.enum(['MeshOpenTelemetryBackend']),
  labels: stringMap.optional(),
})
export type TelemetryBackendRef = z.infer<typeof telemetryBackendRef>

export const dataSource = z.object({
  type: z.enum(['File', 'Secret', 'EnvVar', 'InsecureInline']),
  file: z.object({ path: z.string() }).optional(),
  secretRef: z.object({ kind: z.enum(['Secret']), name: z.string() }).optional(),
  envVar: z.object({ name: z.string() }).optional(),
  insecureInline: z.object({ value: z.string() }).optional(),
})
export type DataSource = z.infer<typeof dataSource>

const tlsVersionName = z.enum(['TLSAuto', 'TLS10', 'TLS11', 'TLS12', 'TLS13'])

export const tlsVersion = z.object({ min: tlsVersionName.default('TLSAuto'), max: tlsVersionName.default('TLSAuto') })
export type TlsVersion = z.infer<typeof tlsVersion>

export const appProtocol = z.string().default('tcp')

export const servicePort = z.object({ name: z.string().optional(), port: int32, appProtocol })

export const matchLabels = z.object({ matchLabels: stringMap.optional() })

/** A list of `to` items: a destination and what holds for it. */
export function toList<Conf extends z.ZodType>(conf: Conf) {
  return z.array(z.object({ targetRef: toTargetRef, default: conf }))
}

/** A list of inbound rules: which callers and what holds for them. */
export function ruleList<Conf extends z.ZodType>(conf: Conf) {
  return z.array(z.object({ matches: z.array(match).optional(), default: conf }))
}
