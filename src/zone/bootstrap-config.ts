import { isIP } from 'node:net'
import { type Resource, type ResourceDraft, specOf } from '../model/resource.js'
import type { BootstrapRequest } from './bootstrap-request.js'

export interface EnvoyBootstrap {
  /** Envoy's bootstrap as plain data, fields in Envoy's JSON names. */
  readonly config: object
  /** The Dataplane's own address, which kuma-dp wants to know. */
  readonly address: string | undefined
}

export interface BootstrapParts {
  readonly request: BootstrapRequest
  readonly dataplane: Resource | ResourceDraft
  /** Where the client reached us, and hence where its Envoy will. */
  readonly host: string
  readonly port: number
  readonly caPem: string
}

interface BootstrapSpec {
  readonly networking?: { readonly address?: string; readonly admin?: { readonly port?: number } }
}

const DEFAULT_ADMIN_PORT = 9901

/** The bootstrap of one Envoy: node, admin, and one static cluster from which everything else comes over delta ADS. */
export function envoyBootstrap(parts: BootstrapParts): EnvoyBootstrap {
  const { request, dataplane } = parts
  const { networking } = specOf<BootstrapSpec>(dataplane)
  const adminPort = networking?.admin?.port ?? request.adminPort ?? DEFAULT_ADMIN_PORT
  const grpcServices = [
    {
      envoyGrpc: { clusterName: 'system_ads' },
      ...(request.dataplaneToken !== '' && {
        initialMetadata: [{ key: 'authorization', value: request.dataplaneToken }],
      }),
    },
  ]
  const config = {
    node: nodeOf(request, adminPort),
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: adminPort } } },
    dynamicResources: {
      adsConfig: { apiType: 'DELTA_GRPC', transportApiVersion: 'V3', setNodeOnFirstMessageOnly: true, grpcServices },
      cdsConfig: { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' },
      ldsConfig: { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' },
    },
    staticResources: { clusters: [adsCluster(parts)] },
  }
  return { config, address: networking?.address }
}

function nodeOf(request: BootstrapRequest, adminPort: number): object {
  const { mesh, name, version, dataplaneResource, features, workdir, dynamicMetadata, readinessPort } = request
  return {
    id: `${mesh}.${name}`,
    cluster: name,
    metadata: {
      ...(version && { version }),
      'dataplane.proxyType': 'dataplane',
      'dataplane.admin.port': String(adminPort),
      'dataplane.admin.address': '127.0.0.1',
      ...(readinessPort !== undefined && { 'dataplane.readinessReporter.port': String(readinessPort) }),
      ...(dataplaneResource !== '' && { 'dataplane.resource': dataplaneResource }),
      ...(Object.keys(dynamicMetadata).length > 0 && { dynamicMetadata }),
      features,
      workdir,
    },
  }
}

function adsCluster({ host, port, caPem }: BootstrapParts): object {
  const socketAddress = { address: host, portValue: port }
  return {
    name: 'system_ads',
    type: isIP(host) === 0 ? 'STRICT_DNS' : 'STATIC',
    connectTimeout: '1s',
    loadAssignment: {
      clusterName: 'system_ads',
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress } } }] }],
    },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
    upstreamConnectionOptions: { tcpKeepalive: { keepaliveProbes: 3, keepaliveTime: 10, keepaliveInterval: 10 } },
    transportSocket: {
      name: 'envoy.transport_sockets.tls',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: host,
        commonTlsContext: { tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_2' }, ...validation(host, caPem) },
      },
    },
  }
}

/** Without a CA Envoy verifies nothing; with one the name or address that it dialled must be in the certificate. */
function validation(host: string, caPem: string): object {
  if (caPem === '') return {}
  const matcher = { exact: host }
  return {
    validationContext: {
      trustedCa: { inlineString: caPem },
      matchTypedSubjectAltNames: [{ sanType: isIP(host) === 0 ? 'DNS' : 'IP_ADDRESS', matcher }],
    },
  }
}
