import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { STATUS_CODES } from '../../base/node-http.js'
import { parseDuration } from '../duration.js'
import { duration, headerName, int32, stringMap, uint32 } from './fields.js'
import { headerMatch, toList, topTargetRef } from './policy-parts.js'
import { checkTop, checkToRef, MESH_AND_SERVICES_AND_ROUTES } from './reference-rules.js'
import { at, each, REASON, violation } from './rules.js'

const backOff = z.object({ baseInterval: duration.optional(), maxInterval: duration.optional() })

const rateLimitedBackOff = z.object({
  resetHeaders: z.array(z.object({ name: headerName, format: z.enum(['Seconds', 'UnixTimestamp']) })).optional(),
  maxInterval: duration.optional(),
})

const predicate = z.object({
  predicate: z.enum(['OmitPreviousHosts', 'OmitHostsWithTags', 'OmitPreviousPriorities']),
  tags: stringMap.optional(),
  updateFrequency: int32.default(2),
})

const retried = {
  numRetries: uint32.optional(),
  perTryTimeout: duration.optional(),
  backOff: backOff.optional(),
  rateLimitedBackOff: rateLimitedBackOff.optional(),
}

const conf = z.object({
  tcp: z.object({ maxConnectAttempt: uint32.optional() }).optional(),
  http: z
    .object({
      ...retried,
      retryOn: z.array(z.string()).optional(),
      retriableRequestHeaders: z.array(headerMatch).optional(),
      retriableResponseHeaders: z.array(headerMatch).optional(),
      hostSelection: z.array(predicate).optional(),
      hostSelectionMaxAttempts: z.int().optional(),
    })
    .optional(),
  grpc: z
    .object({
      ...retried,
      retryOn: z
        .array(z.enum(['Canceled', 'DeadlineExceeded', 'Internal', 'ResourceExhausted', 'Unavailable']))
        .optional(),
    })
    .optional(),
})

export const meshRetrySchema = z.object({
  targetRef: topTargetRef.optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshRetrySpec = z.infer<typeof meshRetrySchema>
export type MeshRetryConf = z.infer<typeof conf>

/** Besides these, any HTTP status number. */
const HTTP_RETRY_ON: ReadonlySet<string> = new Set([
  '5xx',
  'GatewayError',
  'Reset',
  'Retriable4xx',
  'ConnectFailure',
  'EnvoyRatelimited',
  'RefusedStream',
  'Http3PostConnectFailure',
  'HttpMethodConnect',
  'HttpMethodDelete',
  'HttpMethodGet',
  'HttpMethodHead',
  'HttpMethodOptions',
  'HttpMethodPatch',
  'HttpMethodPost',
  'HttpMethodPut',
  'HttpMethodTrace',
])

export function checkMeshRetry(spec: MeshRetrySpec): Violation[] {
  return at('spec', [
    ...checkTop(spec.targetRef),
    ...each('to', spec.to, (to) => [
      ...checkToRef(to.targetRef, MESH_AND_SERVICES_AND_ROUTES),
      // Kuma reports these under `conf`, a level that the resource does not have; clients see that path.
      ...at('default.conf', checkConf(to.default)),
    ]),
  ])
}

function checkConf({ tcp, http, grpc }: MeshRetryConf): Violation[] {
  return [
    ...(tcp || http || grpc ? [] : violation('', "at least one of the 'tcp', 'http', 'grpc' must be specified")),
    ...at('tcp', checkTcp(tcp)),
    ...at('http', checkHttp(http)),
    ...at('grpc', checkRetried(grpc)),
  ]
}

function checkTcp(tcp: MeshRetryConf['tcp']): Violation[] {
  if (tcp === undefined) return []
  if (tcp.maxConnectAttempt === undefined) return violation('', REASON.notEmpty)
  return tcp.maxConnectAttempt === 0 ? violation('maxConnectAttempt', REASON.greaterThanZero) : []
}

function checkHttp(http: MeshRetryConf['http']): Violation[] {
  if (http === undefined) return []
  // hostSelectionMaxAttempts alone counts as empty, as in Kuma.
  const { hostSelectionMaxAttempts, ...counted } = http
  return [
    ...checkRetried(counted),
    ...each('retryOn', http.retryOn, (word) =>
      HTTP_RETRY_ON.has(word) || (/^[+-]?\d+$/.test(word) && STATUS_CODES[Number(word)] !== undefined)
        ? []
        : violation('', `unknown item '${word}'`),
    ),
    ...checkHostSelection(http.hostSelection),
  ]
}

/** What http and grpc have in common: something is stated, and the back-offs hold. */
function checkRetried(
  block: Pick<NonNullable<MeshRetryConf['grpc']>, 'backOff' | 'rateLimitedBackOff'> | undefined,
): Violation[] {
  if (block === undefined) return []
  const { backOff, rateLimitedBackOff } = block
  const empty = Object.values(block).every((value) => value === undefined)
  return [
    ...(empty ? violation('', REASON.notEmpty) : []),
    ...(backOff && backOff.baseInterval === undefined && backOff.maxInterval === undefined
      ? violation('backOff', REASON.notEmpty)
      : []),
    ...at('rateLimitedBackOff', checkRateLimited(rateLimitedBackOff)),
  ]
}

function checkRateLimited(limited: z.infer<typeof rateLimitedBackOff> | undefined): Violation[] {
  if (limited === undefined) return []
  const { maxInterval, resetHeaders } = limited
  return [
    ...(maxInterval !== undefined && parseDuration(maxInterval) <= 0n
      ? violation('maxInterval', REASON.definedAndPositive)
      : []),
    ...(resetHeaders === undefined ? violation('resetHeaders', REASON.defined) : []),
  ]
}

function checkHostSelection(predicates: readonly z.infer<typeof predicate>[] | undefined): Violation[] {
  let prioritySet = false
  return each('hostSelection', predicates, ({ predicate, tags, updateFrequency }) => {
    if (predicate === 'OmitHostsWithTags') return tags === undefined ? violation('tags', REASON.defined) : []
    if (predicate !== 'OmitPreviousPriorities') return []
    const repeated = prioritySet
    prioritySet = true
    return [
      ...(repeated ? violation('predicate', `${predicate} must only be specified once`) : []),
      ...(updateFrequency <= 0 ? violation('updateFrequency', REASON.definedAndPositive) : []),
    ]
  })
}
