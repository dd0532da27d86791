import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { duration, int32, intOrString } from './fields.js'
import { ruleList, toList, topTargetRef } from './policy-parts.js'
import { checkMatch, checkTop, checkToRef } from './reference-rules.js'
import { at, each, httpStatus, notNegative, percentage, REASON, violation } from './rules.js'

const fault = z.object({
  abort: z.object({ httpStatus: int32, percentage: intOrString }).optional(),
  delay: z.object({ value: duration, percentage: intOrString }).optional(),
  responseBandwidth: z.object({ limit: z.string(), percentage: intOrString }).optional(),
})

const conf = z.object({ http: z.array(fault).optional() })

export const meshFaultInjectionSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: ruleList(conf).optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshFaultInjectionSpec = z.infer<typeof meshFaultInjectionSchema>
export type MeshFaultInjectionConf = z.infer<typeof conf>

export function checkMeshFaultInjection(spec: MeshFaultInjectionSpec): Violation[] {
  const wholeMesh = (spec.targetRef?.kind ?? 'Mesh') === 'Mesh'
  return at('spec', [
    ...checkTop(spec.targetRef, (spec.rules ?? []).length > 0),
    ...each('rules', spec.rules, (rule) => [
      ...each('matches', rule.matches, checkMatch),
      ...at('default', checkConf(rule.default)),
    ]),
    ...(wholeMesh
      ? each('to', spec.to, (to) => [...checkToRef(to.targetRef, ['Mesh']), ...at('default', checkConf(to.default))])
      : spec.to?.length
        ? violation('to', REASON.notDefined)
        : []),
  ])
}

const BANDWIDTH = /^(\d*)\s?([GMk]+bps)$/

/** Kuma puts the index after the fault's kind: `http.abort[0]`. */
function checkConf({ http }: MeshFaultInjectionConf): Violation[] {
  return (http ?? []).flatMap(({ abort, delay, responseBandwidth }, index) => [
    ...(abort
      ? at(`http.abort[${index}]`, [
          ...httpStatus('httpStatus', abort.httpStatus),
          ...percentage('percentage', abort.percentage),
        ])
      : []),
    ...(delay
      ? at(`http.delay[${index}]`, [
          ...notNegative('value', delay.value),
          ...percentage('percentage', delay.percentage),
        ])
      : []),
    ...(responseBandwidth
      ? at(`http.responseBandwidth[${index}]`, [
          ...checkBandwidth(responseBandwidth.limit),
          ...percentage('percentage', responseBandwidth.percentage),
        ])
      : []),
  ])
}

function checkBandwidth(limit: string): Violation[] {
  if (limit === '') return violation('limit', REASON.defined)
  return BANDWIDTH.test(limit) ? [] : violation('limit', 'must be in kbps/Mbps/Gbps units')
}
