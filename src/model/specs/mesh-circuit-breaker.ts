import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { duration, intOrString, uint32 } from './fields.js'
import { toList, topTargetRef } from './policy-parts.js'
import { checkTop, checkToRef, MESH_AND_SERVICES } from './reference-rules.js'
import {
  at,
  atLeastOneOf,
  decimalOf,
  each,
  percentage,
  positive,
  positiveNumber,
  REASON,
  violation,
  wholePercentage,
} from './rules.js'

const consecutive = z.object({ consecutive: uint32.optional() })
const volume = { minimumHosts: uint32.optional(), requestVolume: uint32.optional() }

const detectors = z.object({
  totalFailures: consecutive.optional(),
  gatewayFailures: consecutive.optional(),
  localOriginFailures: consecutive.optional(),
  successRate: z.object({ ...volume, standardDeviationFactor: intOrString.optional() }).optional(),
  failurePercentage: z.object({ ...volume, threshold: uint32.optional() }).optional(),
})

const connectionLimits = z.object({
  maxConnectionPools: uint32.optional(),
  maxConnections: uint32.optional(),
  maxPendingRequests: uint32.optional(),
  maxRetries: uint32.optional(),
  maxRequests: uint32.optional(),
})

const outlierDetection = z.object({
  disabled: z.boolean().optional(),
  interval: duration.optional(),
  baseEjectionTime: duration.optional(),
  maxEjectionPercent: uint32.optional(),
  splitExternalAndLocalErrors: z.boolean().optional(),
  healthyPanicThreshold: intOrString.optional(),
  detectors: detectors.optional(),
})

const conf = z.object({ connectionLimits: connectionLimits.optional(), outlierDetection: outlierDetection.optional() })

export const meshCircuitBreakerSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: z.array(z.object({ default: conf.prefault({}) })).optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshCircuitBreakerSpec = z.infer<typeof meshCircuitBreakerSchema>
export type MeshCircuitBreakerConf = z.infer<typeof conf>

export function checkMeshCircuitBreaker(spec: MeshCircuitBreakerSpec): Violation[] {
  const rules = spec.rules ?? []
  const to = spec.to ?? []
  return at('spec', [
    ...checkTop(spec.targetRef, rules.length > 0),
    ...(rules.length + to.length === 0 ? violation('', "at least one of 'to' or 'rules' has to be defined") : []),
    // Kuma still names the list `from` here; clients see that path.
    ...each('from', rules, (rule) => at('default', checkConf(rule.default))),
    ...each('to', to, (item) => [
      ...checkToRef(item.targetRef, MESH_AND_SERVICES),
      ...at('default', checkConf(item.default)),
    ]),
  ])
}

function checkConf({ connectionLimits, outlierDetection }: MeshCircuitBreakerConf): Violation[] {
  if (connectionLimits === undefined && outlierDetection === undefined) {
    return violation('', "at least one of: 'connectionLimits' or 'outlierDetection' should be configured")
  }
  return [
    ...at('connectionLimits', checkLimits(connectionLimits)),
    ...at('outlierDetection', checkOutlierDetection(outlierDetection)),
  ]
}

const LIMITS = ['maxConnections', 'maxConnectionPools', 'maxPendingRequests', 'maxRetries', 'maxRequests'] as const

function checkLimits(limits: MeshCircuitBreakerConf['connectionLimits']): Violation[] {
  return LIMITS.flatMap((field) => positiveNumber(field, limits?.[field]))
}

function checkOutlierDetection(detection: MeshCircuitBreakerConf['outlierDetection']): Violation[] {
  if (detection === undefined) return []
  return [
    ...positive('interval', detection.interval),
    ...positive('baseEjectionTime', detection.baseEjectionTime),
    ...wholePercentage('maxEjectionPercent', detection.maxEjectionPercent),
    ...percentage('healthyPanicThreshold', detection.healthyPanicThreshold),
    ...at('detectors', checkDetectors(detection.detectors)),
  ]
}

const DETECTORS = [
  'totalFailures',
  'gatewayFailures',
  'localOriginFailures',
  'successRate',
  'failurePercentage',
] as const

function checkDetectors(detectors: z.infer<typeof outlierDetection>['detectors']): Violation[] {
  if (detectors === undefined) return violation('', REASON.defined)
  if (DETECTORS.every((name) => detectors[name] === undefined)) return violation('', atLeastOneOf(...DETECTORS))
  const { totalFailures, gatewayFailures, localOriginFailures, successRate, failurePercentage } = detectors
  return [
    ...positiveNumber('totalFailures.consecutive', totalFailures?.consecutive),
    ...positiveNumber('gatewayFailures.consecutive', gatewayFailures?.consecutive),
    ...positiveNumber('localOriginFailures.consecutive', localOriginFailures?.consecutive),
    ...positiveNumber('successRate.minimumHosts', successRate?.minimumHosts),
    ...positiveNumber('successRate.requestVolume', successRate?.requestVolume),
    ...at('successRate', checkDeviation(successRate?.standardDeviationFactor)),
    ...positiveNumber('failurePercentage.minimumHosts', failurePercentage?.minimumHosts),
    ...positiveNumber('failurePercentage.requestVolume', failurePercentage?.requestVolume),
    ...wholePercentage('failurePercentage.threshold', failurePercentage?.threshold),
  ]
}

function checkDeviation(factor: z.infer<typeof intOrString> | undefined): Violation[] {
  if (factor === undefined) return []
  const number = decimalOf(factor)
  if (number === undefined) return violation('standardDeviationFactor', 'invalid number')
  return number <= 0 ? violation('standardDeviationFactor', REASON.greaterThanZero) : []
}
