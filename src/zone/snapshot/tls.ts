import type { ResourceKey } from '../../model/resource.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type { TransportSocketJson } from '../../wire/generated/envoy/config/core/v3/base_pb.js'
import type {
  CommonTlsContext_CombinedCertificateValidationContextJson,
  CommonTlsContextJson,
} from '../../wire/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'

/** Who a proxy is: a certificate that its zone issued by a MeshIdentity. */
export interface WorkloadIdentity {
  /** The MeshIdentity's KRI, which is the name of the proxy's own secret. */
  readonly secretName: string
  readonly meshIdentity: ResourceKey
  readonly spiffeId: string
  /** PEM, leaf first. */
  readonly certificateChain: string
  /** PEM. */
  readonly privateKey: string
}

/** The secret that holds the mesh's trust bundle. */
export const TRUST_BUNDLE = 'system_trust_bundle'
/** By which a sidecar recognises another's TLS from an application's own. */
export const KUMA_ALPN = 'kuma'
const TLS_SOCKET = 'envoy.transport_sockets.tls'

/** `sans` are the SPIFFE IDs of which the peer must show one. */
export function upstreamTls(secretName: string, sni: string, sans: readonly string[]): TransportSocketJson {
  const commonTlsContext: CommonTlsContextJson = {
    ...ownCertificate(secretName),
    combinedValidationContext: validation(sans),
    alpnProtocols: [KUMA_ALPN],
  }
  return { name: TLS_SOCKET, typedConfig: typedConfig('UpstreamTlsContext', { commonTlsContext, sni }) }
}

export function downstreamTls(secretName: string): TransportSocketJson {
  const commonTlsContext: CommonTlsContextJson = {
    ...ownCertificate(secretName),
    combinedValidationContext: validation([]),
  }
  return {
    name: TLS_SOCKET,
    typedConfig: typedConfig('DownstreamTlsContext', { commonTlsContext, requireClientCertificate: true }),
  }
}

function ownCertificate(secretName: string): CommonTlsContextJson {
  return { tlsCertificateSdsSecretConfigs: [sdsSecret(secretName)] }
}

function validation(sans: readonly string[]): CommonTlsContext_CombinedCertificateValidationContextJson {
  return {
    defaultValidationContext: {
      matchTypedSubjectAltNames: sans.map((exact) => ({ sanType: 'URI' as const, matcher: { exact } })),
    },
    validationContextSdsSecretConfig: sdsSecret(TRUST_BUNDLE),
  }
}

function sdsSecret(name: string) {
  return { name, sdsConfig: { ads: {}, resourceApiVersion: 'V3' as const } }
}
