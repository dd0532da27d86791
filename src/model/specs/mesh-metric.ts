import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { duration, uint32 } from './fields.js'
import { telemetryBackendRef, topTargetRef } from './policy-parts.js'
import { checkTelemetryBackendRef, checkTop } from './reference-rules.js'
import { at, each, REASON, validPort, violation } from './rules.js'

const selector = z.object({ type: z.enum(['Prefix', 'Regex', 'Exact', 'Contains']), match: z.string() })

const sidecar = z.object({
  includeUnused: z.boolean().optional(),
  profiles: z
    .object({
      appendProfiles: z.array(z.object({ name: z.enum(['All', 'Basic', 'None']) })).optional(),
      exclude: z.array(selector).optional(),
      include: z.array(selector).optional(),
    })
    .optional(),
})

const application = z.object({
  name: z.string().optional(),
  address: z.string().optional(),
  path: z.string().default('/metrics'),
  port: uint32,
})

const backend = z.object({
  type: z.enum(['Prometheus', 'OpenTelemetry']),
  prometheus: z
    .object({
      clientId: z.string().optional(),
      port: uint32.default(5670),
      path: z.string().default('/metrics'),
      tls: z.object({ mode: z.enum(['Disabled', 'ProvidedTLS', 'ActiveMTLSBackend']).default('Disabled') }).optional(),
    })
    .optional(),
  openTelemetry: z
    .object({ backendRef: telemetryBackendRef.optional(), refreshInterval: duration.optional() })
    .optional(),
})

export type MetricBackend = z.infer<typeof backend>

export const meshMetricSchema = z.object({
  targetRef: topTargetRef.optional(),
  default: z
    .object({
      sidecar: sidecar.optional(),
      applications: z.array(application).optional(),
      backends: z.array(backend).optional(),
    })
    .prefault({}),
})
export type MeshMetricSpec = z.infer<typeof meshMetricSchema>

export function checkMeshMetric({ targetRef, default: conf }: MeshMetricSpec): Violation[] {
  const profiles = conf.sidecar?.profiles
  return at('spec', [
    ...checkTop(targetRef),
    ...at('default.sidecar.profiles', [
      ...each('exclude', profiles?.exclude, checkSelector),
      ...each('include', profiles?.include, checkSelector),
    ]),
    // Kuma says the list's name twice, the second time in the singular; clients see those paths.
    ...each('default.applications.application', conf.applications, ({ port }) => validPort('', port)),
    ...each('default.backends.backend', conf.backends, checkBackend),
  ])
}

function checkSelector({ type, match }: z.infer<typeof selector>): Violation[] {
  if (type !== 'Regex') return []
  try {
    new RegExp(match, 'u')
    return []
  } catch {
    return violation('match', 'invalid regex')
  }
}

function checkBackend(backend: MetricBackend): Violation[] {
  if (backend.type === 'Prometheus') {
    return backend.prometheus ? validPort('port', backend.prometheus.port) : violation('prometheus', REASON.defined)
  }
  if (backend.openTelemetry === undefined) return violation('openTelemetry', REASON.defined)
  const { backendRef } = backend.openTelemetry
  return at(
    'openTelemetry.backendRef',
    backendRef ? checkTelemetryBackendRef(backendRef) : violation('', REASON.defined),
  )
}
