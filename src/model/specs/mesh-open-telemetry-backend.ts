import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { isDnsName, isIpAddress } from '../dns-names.js'
import { int32 } from './fields.js'
import { at, REASON, validPort, violation } from './rules.js'

const endpoint = z.object({ address: z.string().optional(), port: int32.optional(), path: z.string().optional() })

export const meshOpenTelemetryBackendSchema = z.object({
  endpoint: endpoint.optional(),
  protocol: z.enum(['grpc', 'http']).optional(),
  env: z
    .object({
      mode: z.enum(['Disabled', 'Optional', 'Required']).default('Optional'),
      precedence: z.enum(['ExplicitFirst', 'EnvFirst']).default('EnvFirst'),
      allowSignalOverrides: z.boolean().optional(),
    })
    .optional(),
})
export type MeshOpenTelemetryBackendSpec = z.infer<typeof meshOpenTelemetryBackendSchema>

export function checkMeshOpenTelemetryBackend(spec: MeshOpenTelemetryBackendSpec): Violation[] {
  if (spec.endpoint === undefined) return []
  const { address, port, path } = spec.endpoint
  return at('spec.endpoint', [
    ...(address === undefined ? [] : checkAddress(address)),
    ...(port === undefined ? [] : validPort('port', port)),
    ...checkPath(path, spec.protocol ?? 'grpc'),
  ])
}

function checkAddress(address: string): Violation[] {
  if (address === '') return violation('address', REASON.notEmpty)
  return isIpAddress(address) || isDnsName(address)
    ? []
    : violation('address', 'address has to be a valid IP or hostname')
}

function checkPath(path: string | undefined, protocol: 'grpc' | 'http'): Violation[] {
  if (!path) return []
  if (protocol === 'grpc') return violation('path', 'must not be set when protocol is grpc')
  return [
    ...(path.startsWith('/') ? [] : violation('path', 'must start with /')),
    ...(/[?#]/.test(path) ? violation('path', 'must not contain query or fragment') : []),
  ]
}
