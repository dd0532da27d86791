import type { MeshCircuitBreakerConf } from '../../model/specs/mesh-circuit-breaker.js'
import type { CircuitBreakersJson } from '../../wire/generated/envoy/config/cluster/v3/circuit_breaker_pb.js'
import type { OutlierDetectionJson } from '../../wire/generated/envoy/config/cluster/v3/outlier_detection_pb.js'
import { optionalDuration } from './envoy-values.js'
import { present } from './present.js'

/** Every cluster tracks what remains of its limits, with or without a policy. */
export function circuitBreakers({ connectionLimits = {} }: MeshCircuitBreakerConf): CircuitBreakersJson {
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
export function outlierDetection({ outlierDetection: conf }: MeshCircuitBreakerConf): OutlierDetectionJson | undefined {
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
export function healthyPanicThreshold({ outlierDetection: conf }: MeshCircuitBreakerConf): number | undefined {
  if (conf === undefined || conf.disabled || conf.healthyPanicThreshold === undefined) return undefined
  return Number(conf.healthyPanicThreshold)
}

type Detectors = NonNullable<NonNullable<MeshCircuitBreakerConf['outlierDetection']>['detectors']>

function rateDetectors({ successRate, failurePercentage }: Detectors) {
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
