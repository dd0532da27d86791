import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { duration } from './fields.js'
import { type Match, ruleList, toList, topTargetRef } from './policy-parts.js'
import { checkMatch, checkTop, checkToRef, MESH_AND_SERVICES_AND_ROUTES } from './reference-rules.js'
import { at, each, notNegative, positive, violation } from './rules.js'

const conf = z.object({
  connectionTimeout: duration.optional(),
  idleTimeout: duration.optional(),
  http: z
    .object({
      requestTimeout: duration.optional(),
      streamIdleTimeout: duration.optional(),
      maxStreamDuration: duration.optional(),
      maxConnectionDuration: duration.optional(),
      requestHeadersTimeout: duration.optional(),
    })
    .optional(),
})

export const meshTimeoutSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: ruleList(conf.prefault({})).optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshTimeoutSpec = z.infer<typeof meshTimeoutSchema>
export type MeshTimeoutConf = z.infer<typeof conf>

const UNCONDITIONAL =
  "can't be specified when matches contain spiffeID because this field cannot be conditioned on source identity"

export function checkMeshTimeout(spec: MeshTimeoutSpec): Violation[] {
  const rules = spec.rules ?? []
  const to = spec.to ?? []
  return at('spec', [
    ...checkTop(spec.targetRef, rules.length > 0),
    ...(rules.length > 0 && to.length > 0 ? violation('', "fields 'to' must be empty when 'rules' is defined") : []),
    ...(rules.length + to.length === 0 ? violation('', "at least one of 'to' or 'rules' has to be defined") : []),
    ...each('to', to, (item) => [
      ...checkToRef(item.targetRef, MESH_AND_SERVICES_AND_ROUTES),
      ...at('default', checkConf(item.default)),
    ]),
    ...each('rules', rules, (rule) => [
      ...checkConditionedMatches(rule.matches ?? []),
      ...(rule.matches?.some(({ spiffeID }) => spiffeID) ? at('default', checkUnconditional(rule.default)) : []),
      ...at('default', checkConf(rule.default)),
    ]),
  ])
}

/** Matches of policies that have to say whom they mean. */
export function checkConditionedMatches(matches: readonly Match[]): Violation[] {
  return each('matches', matches, (item) => [
    ...checkMatch(item),
    ...(item.spiffeID || item.sni ? [] : violation('', "must specify at least one of 'spiffeID' or 'sni'")),
  ])
}

function checkUnconditional(conf: MeshTimeoutConf): Violation[] {
  const set: [string, string | undefined][] = [
    ['connectionTimeout', conf.connectionTimeout],
    ['idleTimeout', conf.idleTimeout],
    ['http.requestHeadersTimeout', conf.http?.requestHeadersTimeout],
    ['http.maxStreamDuration', conf.http?.maxStreamDuration],
    ['http.maxConnectionDuration', conf.http?.maxConnectionDuration],
  ]
  return set.flatMap(([field, value]) => (value === undefined ? [] : violation(field, UNCONDITIONAL)))
}

function checkConf(conf: MeshTimeoutConf): Violation[] {
  const { connectionTimeout, idleTimeout, http } = conf
  if (connectionTimeout === undefined && idleTimeout === undefined && http === undefined) {
    return violation('', 'at least one timeout should be configured')
  }
  return [
    ...positive('connectionTimeout', connectionTimeout),
    ...notNegative('idleTimeout', idleTimeout),
    ...at('http', checkHttp(http)),
  ]
}

function checkHttp(http: MeshTimeoutConf['http']): Violation[] {
  if (http === undefined) return []
  const timed = http.requestTimeout ?? http.streamIdleTimeout ?? http.maxStreamDuration ?? http.maxConnectionDuration
  return [
    ...(timed === undefined ? violation('', 'at least one timeout in this section should be configured') : []),
    ...notNegative('requestTimeout', http.requestTimeout),
    ...notNegative('streamIdleTimeout', http.streamIdleTimeout),
    ...notNegative('maxStreamDuration', http.maxStreamDuration),
    ...notNegative('maxConnectionDuration', http.maxConnectionDuration),
    ...notNegative('requestHeadersTimeout', http.requestHeadersTimeout),
  ]
}
