import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { backendRef, topTargetRef, toTargetRef } from './policy-parts.js'
import { checkBackendRef, checkTop, checkToRef, SERVICES } from './reference-rules.js'
import { at, each, REASON, violation } from './rules.js'

const rule = z.object({ default: z.object({ backendRefs: z.array(backendRef).optional() }) })

export const meshTCPRouteSchema = z.object({
  targetRef: topTargetRef.optional(),
  to: z
    .array(z.object({ targetRef: toTargetRef, rules: z.array(rule).max(1) }))
    .min(1)
    .optional(),
})
export type MeshTCPRouteSpec = z.infer<typeof meshTCPRouteSchema>

export function checkMeshTCPRoute(spec: MeshTCPRouteSpec): Violation[] {
  return at('spec', [
    ...checkTop(spec.targetRef),
    ...each('to', spec.to, (to) => [
      ...checkToRef(to.targetRef, SERVICES),
      ...each('rules', to.rules, ({ default: { backendRefs } }) =>
        backendRefs?.length
          ? each('default.backendRefs', backendRefs, checkBackendRef)
          : violation('default.backendRefs', REASON.defined),
      ),
    ]),
  ])
}
