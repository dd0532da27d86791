import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { tlsVersion, topTargetRef } from './policy-parts.js'
import { checkTlsVersion, checkTop } from './reference-rules.js'
import { at, each, violation } from './rules.js'

const conf = z.object({
  mode: z.enum(['Permissive', 'Strict']).optional(),
  tlsVersion: tlsVersion.optional(),
  tlsCiphers: z
    .array(
      z.enum([
        'ECDHE-ECDSA-AES128-GCM-SHA256',
        'ECDHE-ECDSA-AES256-GCM-SHA384',
        'ECDHE-ECDSA-CHACHA20-POLY1305',
        'ECDHE-RSA-AES128-GCM-SHA256',
        'ECDHE-RSA-AES256-GCM-SHA384',
        'ECDHE-RSA-CHACHA20-POLY1305',
      ]),
    )
    .optional(),
})

export const meshTLSSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: z.array(z.object({ default: conf.prefault({}) })).optional(),
})
export type MeshTLSSpec = z.infer<typeof meshTLSSchema>
export type MeshTLSConf = z.infer<typeof conf>

export function checkMeshTLS(spec: MeshTLSSpec): Violation[] {
  const wholeMesh = (spec.targetRef?.kind ?? 'Mesh') === 'Mesh'
  return at('spec', [
    ...checkTop(spec.targetRef, (spec.rules ?? []).length > 0),
    ...each('rules', spec.rules, (rule) => at('default', checkConf(rule.default, wholeMesh))),
  ])
}

/** Ciphers and versions are the whole mesh's choice: both ends of a connection need them. */
function checkConf(conf: MeshTLSConf, wholeMesh: boolean): Violation[] {
  const meshOnly = (field: string) =>
    violation(field, `${field} can only be defined with top level targetRef kind: Mesh`)
  const version = conf.tlsVersion
  return [
    ...(!wholeMesh && conf.tlsCiphers?.length ? meshOnly('tlsCiphers') : []),
    ...(!wholeMesh && version ? meshOnly('tlsVersion') : []),
    ...(wholeMesh && version ? at('tlsVersion', checkTlsVersion(version)) : []),
  ]
}
