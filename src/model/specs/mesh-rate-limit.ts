import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { parseDuration } from '../duration.js'
import { duration, uint32 } from './fields.js'
import { checkConditionedMatches } from './mesh-timeout.js'
import { headerSetter, ruleList, toList, topTargetRef } from './policy-parts.js'
import { checkTop, checkToRef } from './reference-rules.js'
import { at, atLeastOneOf, each, positiveNumber, REASON, violation } from './rules.js'

const rate = z.object({ num: uint32, interval: duration })

const http = z.object({
  disabled: z.boolean().optional(),
  requestRate: rate.optional(),
  onRateLimit: z.object({ status: uint32.optional(), headers: headerSetter.optional() }).optional(),
})

const tcp = z.object({ disabled: z.boolean().optional(), connectionRate: rate.optional() })

const conf = z.object({ local: z.object({ http: http.optional(), tcp: tcp.optional() }).optional() })

export const meshRateLimitSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: ruleList(conf.prefault({})).optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshRateLimitSpec = z.infer<typeof meshRateLimitSchema>
export type MeshRateLimitConf = z.infer<typeof conf>

const TCP_UNCONDITIONAL =
  "can't be specified when matches contain spiffeID because this field cannot be conditioned on source identity"

/** Rules limit one proxy's inbounds, `to` a gateway's outbounds; a target of the whole mesh means the latter. */
export function checkMeshRateLimit(spec: MeshRateLimitSpec): Violation[] {
  const rules = spec.rules ?? []
  const to = spec.to ?? []
  const wholeMesh = (spec.targetRef?.kind ?? 'Mesh') === 'Mesh'
  return at('spec', [
    ...(rules.length > 0 && to.length > 0 ? violation('', "field 'to' must be empty when 'rules' is defined") : []),
    ...(rules.length + to.length === 0 ? violation('', "at least one of 'to' or 'rules' has to be defined") : []),
    ...checkTop(spec.targetRef, rules.length > 0),
    ...(wholeMesh && rules.length > 0 ? violation('rules', REASON.notDefined) : []),
    ...each('rules', wholeMesh ? [] : rules, (rule) => [
      ...checkConditionedMatches(rule.matches ?? []),
      ...(rule.default.local?.tcp && rule.matches?.some(({ spiffeID }) => spiffeID)
        ? violation('default.local.tcp', TCP_UNCONDITIONAL)
        : []),
      ...at('default.local', checkLocal(rule.default)),
    ]),
    ...(!wholeMesh && to.length > 0 ? violation('to', REASON.notDefined) : []),
    ...each('to', wholeMesh ? to : [], (item) => [
      ...checkToRef(item.targetRef, ['Mesh']),
      ...at('default.local', checkLocal(item.default)),
    ]),
  ])
}

function checkLocal({ local }: MeshRateLimitConf): Violation[] {
  if (local === undefined) return violation('', REASON.defined)
  return [
    ...(local.http || local.tcp ? [] : violation('', atLeastOneOf('tcp', 'http'))),
    ...at('http', checkHttp(local.http)),
    ...at('tcp', checkTcp(local.tcp)),
  ]
}

function checkHttp(limit: z.infer<typeof http> | undefined): Violation[] {
  if (limit === undefined) return []
  const { disabled, requestRate, onRateLimit } = limit
  if (disabled === undefined && requestRate === undefined && onRateLimit === undefined) {
    return violation('', atLeastOneOf('disabled', 'requestRate', 'onRateLimit'))
  }
  return [...at('requestRate', checkRate(requestRate)), ...positiveNumber('onRateLimit.status', onRateLimit?.status)]
}

function checkTcp(limit: z.infer<typeof tcp> | undefined): Violation[] {
  if (limit === undefined) return []
  if (limit.disabled === undefined && limit.connectionRate === undefined) {
    return violation('', atLeastOneOf('disabled', 'connectionRate'))
  }
  return at('connectionRate', checkRate(limit.connectionRate))
}

/** Envoy refuses to refill its bucket more often. */
const INTERVAL_MIN = parseDuration('50ms')

function checkRate(rate: z.infer<typeof http>['requestRate']): Violation[] {
  if (rate === undefined) return []
  return [
    ...positiveNumber('num', rate.num),
    ...(parseDuration(rate.interval) <= INTERVAL_MIN ? violation('interval', 'must be greater than: 50ms') : []),
  ]
}
