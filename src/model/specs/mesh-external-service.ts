import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { isDnsName, isIpAddress } from '../dns-names.js'
import { anyJson, int32, portNumber } from './fields.js'
import { type DataSource, dataSource, tlsVersion } from './policy-parts.js'
import { checkDataSource, checkTlsVersion } from './reference-rules.js'
import { at, each, mustBeOneOf, REASON, violation } from './rules.js'

export const extension = z.object({ type: z.string(), config: anyJson.optional() })

const verification = z.object({
  mode: z.enum(['SkipSAN', 'SkipCA', 'Secured', 'SkipAll']).default('Secured'),
  serverName: z.string().optional(),
  subjectAltNames: z
    .array(z.object({ type: z.enum(['Exact', 'Prefix']).default('Exact'), value: z.string() }))
    .optional(),
  caCert: dataSource.optional(),
  clientCert: dataSource.optional(),
  clientKey: dataSource.optional(),
})

const tls = z.object({
  enabled: z.boolean().default(false),
  version: tlsVersion.optional(),
  allowRenegotiation: z.boolean().default(false),
  verification: verification.optional(),
})

export const meshExternalServiceSchema = z.object({
  match: z.object({
    type: z.enum(['HostnameGenerator']).default('HostnameGenerator'),
    port: portNumber,
    protocol: z.enum(['tcp', 'grpc', 'http', 'http2']).default('tcp'),
  }),
  extension: extension.optional(),
  endpoints: z
    .array(z.object({ address: z.string().min(1), port: portNumber, priority: int32.min(0).max(128).optional() }))
    .optional(),
  tls: tls.optional(),
})
export type MeshExternalServiceSpec = z.infer<typeof meshExternalServiceSchema>

/** With an extension, endpoints and TLS are the extension's to check, except where secrets come from. */
export function checkMeshExternalService(spec: MeshExternalServiceSpec): Violation[] {
  const { verification } = spec.tls ?? {}
  if (spec.extension !== undefined) {
    return at('spec', [
      ...at('tls.verification', checkSecrets(verification)),
      ...(spec.extension.type === '' ? violation('extension.type', REASON.notEmpty) : []),
    ])
  }
  return at('spec', [
    ...each('endpoints', spec.endpoints, ({ address }) =>
      isIpAddress(address) || isDnsName(address)
        ? []
        : violation('address', 'address has to be a valid IP or hostname'),
    ),
    ...at('tls.version', spec.tls?.version ? checkTlsVersion(spec.tls.version) : []),
    ...at('tls.verification', [...checkVerification(verification), ...checkSecrets(verification)]),
  ])
}

type Verification = z.infer<typeof verification> | undefined

function checkVerification(verification: Verification): Violation[] {
  if (verification === undefined) return []
  const { serverName, clientCert, clientKey } = verification
  return [
    ...(serverName === undefined || isDnsName(serverName) ? [] : violation('serverName', 'must be a valid DNS name')),
    ...(clientCert && !clientKey ? violation('clientKey', `${REASON.defined} when clientCert is defined`) : []),
    ...(clientKey && !clientCert ? violation('clientCert', `${REASON.defined} when clientKey is defined`) : []),
  ]
}

function checkSecrets(verification: Verification): Violation[] {
  return [
    ...at('caCert', checkSecret(verification?.caCert)),
    ...at('clientCert', checkSecret(verification?.clientCert)),
    ...at('clientKey', checkSecret(verification?.clientKey)),
  ]
}

/** An author of external services must not make the control plane read its own files or environment. */
function checkSecret(source: DataSource | undefined): Violation[] {
  if (source === undefined) return []
  if (source.type === 'File' || source.type === 'EnvVar') {
    return violation('type', mustBeOneOf(source.type, ['Secret', 'InsecureInline']))
  }
  return checkDataSource(source)
}
