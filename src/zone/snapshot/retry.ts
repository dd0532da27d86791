import type { MeshRetryConf } from '../../model/specs/mesh-retry.js'
import type { Protocol } from '../../policy/destinations.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type {
  RetryPolicy_RateLimitedRetryBackOffJson,
  RetryPolicy_RetryBackOffJson,
  RetryPolicyJson,
} from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import { headerMatcher, lbMetadata, optionalDuration } from './envoy-values.js'
import { present } from './present.js'

type HttpRetry = NonNullable<MeshRetryConf['http']>
type GrpcRetry = NonNullable<MeshRetryConf['grpc']>
type HostSelection = NonNullable<HttpRetry['hostSelection']>[number]

/** The policy's words for conditions, in Envoy's. What is a number is a status, what begins with HttpMethod a method. */
const HTTP_CONDITIONS: Readonly<Record<string, string>> = {
  '5xx': '5xx',
  GatewayError: 'gateway-error',
  Reset: 'reset',
  Retriable4xx: 'retriable-4xx',
  ConnectFailure: 'connect-failure',
  EnvoyRatelimited: 'envoy-ratelimited',
  RefusedStream: 'refused-stream',
  Http3PostConnectFailure: 'http3-post-connect-failure',
}
const GRPC_CONDITIONS: Readonly<Record<string, string>> = {
  Canceled: 'cancelled',
  DeadlineExceeded: 'deadline-exceeded',
  Internal: 'internal',
  ResourceExhausted: 'resource-exhausted',
  Unavailable: 'unavailable',
}
const METHOD_PREFIX = 'HttpMethod'
const HTTP_DEFAULT = 'gateway-error,connect-failure,refused-stream'
const GRPC_DEFAULT = 'cancelled,connect-failure,gateway-error,refused-stream,reset,resource-exhausted,unavailable'
const STATUS_CONDITION = 'retriable-status-codes'

/** Undefined where the policy sets no retries: protocols other than HTTP/1 and gRPC get none (kuma `GetRouteRetryConfig`). */
export function retryPolicy(conf: MeshRetryConf, protocol: Protocol): RetryPolicyJson | undefined {
  if (protocol === 'http' && conf.http && conf.http.numRetries !== 0) return httpRetry(conf.http)
  if (protocol === 'grpc' && conf.grpc && conf.grpc.numRetries !== 0) return grpcRetry(conf.grpc)
  return undefined
}

function grpcRetry(conf: GrpcRetry): RetryPolicyJson {
  const conditions = (conf.retryOn ?? []).flatMap((word) => GRPC_CONDITIONS[word] ?? [])
  return present<RetryPolicyJson>({
    ...commonRetry(conf),
    retryOn: conditions.length > 0 ? conditions.join(',') : GRPC_DEFAULT,
    retryBackOff: conf.backOff && backOff({ baseInterval: '25ms', ...conf.backOff }),
  })
}

function httpRetry(conf: HttpRetry): RetryPolicyJson {
  const words = conf.retryOn ?? []
  const statuses = words.filter((word) => /^\d{3}$/.test(word)).map(Number)
  const methods = words.filter((word) => word.startsWith(METHOD_PREFIX))
  const conditions = words.flatMap((word) => HTTP_CONDITIONS[word] ?? []).join(',') || HTTP_DEFAULT
  return present<RetryPolicyJson>({
    ...commonRetry(conf),
    retryOn: statuses.length > 0 ? `${conditions},${STATUS_CONDITION}` : conditions,
    retriableStatusCodes: statuses.length > 0 ? statuses : undefined,
    retryBackOff: conf.backOff && backOff(conf.backOff),
    retriableRequestHeaders: [
      ...methods.map((word) => ({
        name: ':method',
        stringMatch: { exact: word.slice(METHOD_PREFIX.length).toUpperCase() },
      })),
      ...(conf.retriableRequestHeaders ?? []).map(headerMatcher),
    ],
    retriableHeaders: conf.retriableResponseHeaders?.map(headerMatcher),
    hostSelectionRetryMaxAttempts:
      conf.hostSelectionMaxAttempts === undefined ? undefined : String(conf.hostSelectionMaxAttempts),
    ...hostSelection(conf.hostSelection ?? []),
  })
}

function commonRetry({ numRetries, perTryTimeout, rateLimitedBackOff }: HttpRetry | GrpcRetry) {
  return {
    numRetries,
    perTryTimeout: optionalDuration(perTryTimeout),
    rateLimitedRetryBackOff:
      rateLimitedBackOff &&
      present<RetryPolicy_RateLimitedRetryBackOffJson>({
        maxInterval: optionalDuration(rateLimitedBackOff.maxInterval),
        resetHeaders: (rateLimitedBackOff.resetHeaders ?? []).map(({ name, format }) => ({
          name,
          format: format === 'Seconds' ? 'SECONDS' : 'UNIX_TIMESTAMP',
        })),
      }),
  }
}

/** Envoy needs a base interval; Kuma leaves it out and is refused, we fall back to Envoy's own 25 ms. */
function backOff({
  baseInterval = '25ms',
  maxInterval,
}: NonNullable<HttpRetry['backOff']>): RetryPolicy_RetryBackOffJson {
  return present<RetryPolicy_RetryBackOffJson>({
    baseInterval: optionalDuration(baseInterval),
    maxInterval: optionalDuration(maxInterval),
  })
}

function hostSelection(
  predicates: readonly HostSelection[],
): Pick<RetryPolicyJson, 'retryHostPredicate' | 'retryPriority'> {
  const chosen: Pick<RetryPolicyJson, 'retryHostPredicate' | 'retryPriority'> = {}
  for (const { predicate, tags = {}, updateFrequency = 2 } of predicates) {
    switch (predicate) {
      case 'OmitPreviousHosts':
        chosen.retryHostPredicate = [
          ...(chosen.retryHostPredicate ?? []),
          { name: 'envoy.retry_host_predicates.previous_hosts', typedConfig: typedConfig('PreviousHosts', {}) },
        ]
        break
      case 'OmitHostsWithTags':
        chosen.retryHostPredicate = [
          ...(chosen.retryHostPredicate ?? []),
          {
            name: 'envoy.retry_host_predicates.omit_host_metadata',
            typedConfig: typedConfig('OmitHostMetadata', { metadataMatch: lbMetadata(tags) }),
          },
        ]
        break
      case 'OmitPreviousPriorities':
        chosen.retryPriority = {
          name: 'envoy.retry_priorities.previous_priorities',
          typedConfig: typedConfig('PreviousPriorities', { updateFrequency }),
        }
        break
    }
  }
  return chosen
}
