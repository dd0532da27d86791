import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { duration, int32 } from './fields.js'
import { headerSetter, toList, topTargetRef } from './policy-parts.js'
import { checkTop, checkToRef, MESH_AND_SERVICES } from './reference-rules.js'
import {
  at,
  atLeastOneOf,
  each,
  httpStatus,
  isFilePath,
  positive,
  REASON,
  violation,
  wholePercentage,
} from './rules.js'

const conf = z.object({
  interval: duration.optional(),
  timeout: duration.optional(),
  unhealthyThreshold: int32.optional(),
  healthyThreshold: int32.optional(),
  initialJitter: duration.optional(),
  intervalJitter: duration.optional(),
  intervalJitterPercent: int32.optional(),
  failTrafficOnPanic: z.boolean().optional(),
  noTrafficInterval: duration.optional(),
  eventLogPath: z.string().optional(),
  alwaysLogHealthCheckFailures: z.boolean().optional(),
  reuseConnection: z.boolean().optional(),
  tcp: z
    .object({
      disabled: z.boolean().optional(),
      send: z.string().optional(),
      receive: z.array(z.string()).optional(),
    })
    .optional(),
  http: z
    .object({
      disabled: z.boolean().optional(),
      path: z.string().optional(),
      requestHeadersToAdd: headerSetter.optional(),
      expectedStatuses: z.array(int32).optional(),
    })
    .optional(),
  grpc: z
    .object({
      disabled: z.boolean().optional(),
      serviceName: z.string().optional(),
      authority: z.string().optional(),
    })
    .optional(),
})

export const meshHealthCheckSchema = z.object({
  targetRef: topTargetRef.optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshHealthCheckSpec = z.infer<typeof meshHealthCheckSchema>
export type MeshHealthCheckConf = z.infer<typeof conf>

export function checkMeshHealthCheck(spec: MeshHealthCheckSpec): Violation[] {
  return at('spec', [
    ...checkTop(spec.targetRef),
    ...each('to', spec.to, (to) => [
      ...checkToRef(to.targetRef, MESH_AND_SERVICES),
      ...at('default', checkConf(to.default)),
    ]),
  ])
}

function checkConf(conf: MeshHealthCheckConf): Violation[] {
  return [
    ...positive('interval', conf.interval),
    ...positive('timeout', conf.timeout),
    ...threshold('unhealthyThreshold', conf.unhealthyThreshold),
    ...threshold('healthyThreshold', conf.healthyThreshold),
    ...positive('initialJitter', conf.initialJitter),
    ...positive('intervalJitter', conf.intervalJitter),
    ...wholePercentage('intervalJitterPercent', conf.intervalJitterPercent),
    ...positive('noTrafficInterval', conf.noTrafficInterval),
    ...(conf.eventLogPath === undefined || isFilePath(conf.eventLogPath)
      ? []
      : violation('eventLogPath', 'must be a valid path when defined')),
    ...(conf.http?.path === '' ? violation('http.path', REASON.defined) : []),
    ...each('http.expectedStatuses', conf.http?.expectedStatuses, (status) => httpStatus('', status)),
    ...(conf.http || conf.tcp || conf.grpc ? [] : violation('', atLeastOneOf('http', 'tcp', 'grpc'))),
  ]
}

function threshold(field: string, value: number | undefined): Violation[] {
  return value !== undefined && value <= 0 ? violation(field, 'must be greater than zero when defined') : []
}
