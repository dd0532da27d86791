import { AppError } from '../base/errors.js'
import { DOWN_TYPES, type ResourceType, UP_TYPES } from '../model/registry.js'
import { HEADER_FEATURES, NODE_FEATURES } from '../sync/features.js'

/** What a zone of some release of Kuma says and asks for, as data (kds.md §10). */
export interface ZoneRelease {
  /** As its build calls itself, in the header `version` and in `Node.metadata.version`. */
  readonly version: string
  readonly headerFeatures: readonly string[]
  readonly nodeFeatures: readonly string[]
  /** Sends the header `zone-version`. */
  readonly statesZoneVersion: boolean
  /** Types asked for on GlobalToZoneSync; those that a 3.0 global does not have are answered by an empty response. */
  readonly asks: readonly string[]
  /** Types offered on ZoneToGlobalSync that we have resources of. */
  readonly offers: readonly ResourceType[]
}

/** Types that left KDS with 3.0; zones before it still ask for them. */
const LEGACY_TYPES = [
  'CircuitBreaker',
  'ExternalService',
  'FaultInjection',
  'HealthCheck',
  'MeshGateway',
  'MeshGatewayRoute',
  'ProxyTemplate',
  'RateLimit',
  'Retry',
  'Timeout',
  'TrafficLog',
  'TrafficPermission',
  'TrafficRoute',
  'TrafficTrace',
  'VirtualOutbound',
  'ZoneIngress',
]

/** Types that came with 2.14; nobody before asks for them or has them. */
const SINCE_2_14: readonly string[] = ['MeshZoneAddress', 'MeshOpenTelemetryBackend']

/** 3.0 no longer states it. */
const OPTIONAL_TARGET_REF = 'optional-top-level-target-ref'

const before214 = (type: string) => !SINCE_2_14.includes(type)

export const RELEASES: Readonly<Record<string, ZoneRelease>> = {
  '2.13': {
    version: '2.13.10',
    headerFeatures: HEADER_FEATURES,
    nodeFeatures: [...NODE_FEATURES, OPTIONAL_TARGET_REF],
    statesZoneVersion: false,
    asks: [...DOWN_TYPES.filter(before214), ...LEGACY_TYPES],
    offers: UP_TYPES.filter(before214),
  },
  '2.14': {
    version: '2.14.3',
    headerFeatures: HEADER_FEATURES,
    nodeFeatures: [...NODE_FEATURES, OPTIONAL_TARGET_REF],
    statesZoneVersion: false,
    asks: [...DOWN_TYPES, ...LEGACY_TYPES],
    offers: UP_TYPES,
  },
  '3.0': {
    version: '3.0.0',
    headerFeatures: HEADER_FEATURES,
    nodeFeatures: NODE_FEATURES,
    statesZoneVersion: true,
    asks: DOWN_TYPES,
    offers: UP_TYPES,
  },
}

/** Throws `invalid-argument` for one that is not in the table. */
export function releaseNamed(name: string): ZoneRelease {
  const release = RELEASES[name]
  if (release) return release
  throw new AppError('invalid-argument', `there is no release "${name}"; there are ${Object.keys(RELEASES).join(', ')}`)
}
