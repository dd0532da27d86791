import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { match, topTargetRef } from './policy-parts.js'
import { checkMatch, checkTop } from './reference-rules.js'
import { at, each, violation } from './rules.js'

const conf = z.object({
  deny: z.array(match).optional(),
  allow: z.array(match).optional(),
  allowWithShadowDeny: z.array(match).optional(),
})

export const meshTrafficPermissionSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: z.array(z.object({ default: conf })).optional(),
})
export type MeshTrafficPermissionSpec = z.infer<typeof meshTrafficPermissionSchema>

export function checkMeshTrafficPermission(spec: MeshTrafficPermissionSpec): Violation[] {
  const rules = spec.rules ?? []
  return at('spec', [
    ...checkTop(spec.targetRef, rules.length > 0),
    ...(rules.length === 0 ? violation('', 'policy must define rules') : []),
    ...each('rules', rules, ({ default: { allow, allowWithShadowDeny, deny } }) => [
      ...(allow?.length || allowWithShadowDeny?.length || deny?.length
        ? []
        : violation('', "at least one of 'allow', 'allowWithShadowDeny', 'deny' has to be defined")),
      ...each('allow', allow, checkMatch),
      ...each('allowWithShadowDeny', allowWithShadowDeny, checkMatch),
      ...each('deny', deny, checkMatch),
    ]),
  ])
}
