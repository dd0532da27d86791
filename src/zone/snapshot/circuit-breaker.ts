import type { CircuitBreakersJson } from '../../wire/generated/envoy/config/cluster/v3/circuit_breaker_pb.js'
import type { OutlierDetectionJson } from '../../wire/generated/envoy/config/cluster/v3/outlier_detection_pb.js'
import { type Decimal, optionalDuration } from './envoy-values.js'
import { present } from './present.js'

/** The conf of a MeshCircuitBreaker. */
export interface CircuitBreakerConf {
  readonly connectionLimits?: {
    readonly maxConnectionPools?: number
    readonly maxConnections?: number
    readonly maxPendingRequests?: number
    readonly maxRetries?: number
    readonly maxRequests?: number
  }
  readonly outlierDetection?: OutlierConf
}

interface OutlierConf {
  readonly disabled?: boolean
  readonly interval?: string
  readonly baseEjectionTime?: string
  readonly maxEjectionPercent?: number
  readonly splitExternalAndLocalErrors?: boolean
  readonly healthyPanicThreshold?: Decimal
  readonly detectors?: {
    readonly totalFailures?: { readonly consecutive?: number }
    readonly gatewayFailures?: { readonly consecutive?: number }
    readonly localOriginFailures?: { readonly consecutive?: number }
    readonly successRate?: {
      readonly minimumHosts?: number
      readonly requestVolume?: number
      readonly standardDeviationFactor?: Decimal
    }
    readonly failurePercentage?: {
      readonly minimumHosts?: number
      readonly requestVolume?: number
      readonly threshold?: number
    }
  }
}

/** Every cluster tracks what remains of its limits, with or without a policy. */
export function circuitBreakers({ connectionLimits = {} }: CircuitBreakerConf): CircuitBreakersJson {
  const { maxConnectionPools, maxConnections, maxPendingRequests, maxRetries, maxRequests } = connectionLimits
  const threshold = present({
    maxConnectionPools,
    maxConnections,
    maxPendingRequests,
    maxRetries,
    maxRequests,
    trackRemaining: true,
  })
  return { thresholds: [threshold] }
}

/** A detector that the policy does not name is switched off, for Envoy has some on by default. */
export function outlierDetection({ outlierDetection: conf }: CircuitBreakerConf): OutlierDetectionJson | undefined {
  if (conf === undefined || conf.disabled) return undefined
  const detectors = conf.detectors
  return present<OutlierDetectionJson>({
    interval: optionalDuration(conf.interval),
    baseEjectionTime: optionalDuration(conf.baseEjectionTime),
    maxEjectionPercent: conf.maxEjectionPercent,
    splitExternalLocalOriginErrors: conf.splitExternalAndLocalErrors,
    consecutive5xx: detectors?.totalFailures?.consecutive,
    enforcingConsecutive5xx: enforcing(detectors?.totalFailures?.consecutive),
    consecutiveGatewayFailure: detectors?.gatewayFailures?.consecutive,
    enforcingConsecutiveGatewayFailure: enforcing(detectors?.gatewayFailures?.consecutive),
    consecutiveLocalOriginFailure: detectors?.localOriginFailures?.consecutive,
    enforcingConsecutiveLocalOriginFailure: enforcing(detectors?.localOriginFailures?.consecutive),
    ...(detectors && rateDetectors(detectors)),
  })
}

/** Share of healthy hosts, in percent, below which Envoy ignores health. */
export function healthyPanicThreshold({ outlierDetection: conf }: CircuitBreakerConf): number | undefined {
  if (conf === undefined || conf.disabled || conf.healthyPanicThreshold === undefined) return undefined
  return Number(conf.healthyPanicThreshold)
}

function rateDetectors({ successRate, failurePercentage }: NonNullable<OutlierConf['detectors']>) {
  const deviation = successRate?.standardDeviationFactor
  return {
    enforcingSuccessRate: enforcing(successRate),
    enforcingLocalOriginSuccessRate: enforcing(successRate),
    successRateMinimumHosts: successRate?.minimumHosts,
    successRateRequestVolume: successRate?.requestVolume,
    // Envoy counts in thousandths.
    successRateStdevFactor: deviation === undefined ? undefined : Math.trunc(Number(deviation) * 1000),
    enforcingFailurePercentage: enforcing(failurePercentage),
    enforcingFailurePercentageLocalOrigin: enforcing(failurePercentage),
    failurePercentageMinimumHosts: failurePercentage?.minimumHosts,
    failurePercentageRequestVolume: failurePercentage?.requestVolume,
    failurePercentageThreshold: failurePercentage?.threshold,
  }
}

function enforcing(detector: unknown): number {
  return detector === undefined ? 0 : 100
}
