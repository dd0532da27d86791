import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { int32, intOrString } from './fields.js'
import { appProtocol, matchLabels, servicePort } from './policy-parts.js'
import { each, mustBeOneOf, REASON, violation } from './rules.js'

/** The protocols that a service's port may state (kuma `pkg/core/metadata`). */
export const SUPPORTED_PROTOCOLS = ['grpc', 'http', 'http2', 'tcp'] as const

const port = z.object({
  name: z.string().optional(),
  port: int32,
  targetPort: intOrString.optional(),
  appProtocol,
})
export type MeshServicePort = z.infer<typeof port>

export const meshServiceSchema = z.object({
  selector: z
    .object({
      dataplaneRef: z.object({ name: z.string().optional() }).optional(),
      dataplaneLabels: matchLabels.optional(),
    })
    .prefault({}),
  ports: z.array(port).optional(),
  identities: z.array(z.object({ type: z.enum(['SpiffeID']), value: z.string() })).optional(),
  state: z.enum(['Available', 'Unavailable']).default('Unavailable'),
})
export type MeshServiceSpec = z.infer<typeof meshServiceSchema>

export function checkMeshService({ selector, ports }: MeshServiceSpec): Violation[] {
  return [
    ...each('spec.ports', ports, ({ appProtocol }) => checkProtocol(appProtocol.toLowerCase())),
    ...(selector.dataplaneRef && selector.dataplaneLabels
      ? violation('spec.selector', 'must specify only one of: dataplaneRef or dataplaneLabels')
      : []),
  ]
}

export const meshMultiZoneServiceSchema = z.object({
  selector: z.object({ meshService: matchLabels }),
  ports: z.array(servicePort).min(1),
})
export type MeshMultiZoneServiceSpec = z.infer<typeof meshMultiZoneServiceSchema>

export function checkMeshMultiZoneService({ selector, ports }: MeshMultiZoneServiceSpec): Violation[] {
  return [
    ...(Object.keys(selector.meshService.matchLabels ?? {}).length === 0
      ? violation('spec.selector.meshService.matchLabels', 'cannot be empty')
      : []),
    ...each('spec.ports', ports, (item) => [
      ...(item.name === '' ? violation('name', REASON.notEmpty) : []),
      ...checkProtocol(item.appProtocol),
    ]),
  ]
}

function checkProtocol(protocol: string): Violation[] {
  const known = (SUPPORTED_PROTOCOLS as readonly string[]).includes(protocol)
  return known ? [] : violation('appProtocol', mustBeOneOf('appProtocol', SUPPORTED_PROTOCOLS))
}
