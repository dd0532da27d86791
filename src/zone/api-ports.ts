import type { ProxyAdmin, ProxyConfig, ProxyQuestion, TokenIssuer } from '../api/options.js'
import { issueDataplaneToken, issuerDisabled, issueUserToken, issueZoneToken } from '../auth/issue.js'
import type { TenantTrust } from '../auth/tenant-trust.js'
import { dataplaneKeys, USER_KEYS, ZONE_KEYS } from '../auth/token-secrets.js'
import type { JsonObject } from '../model/json.js'
import { ENVOY_TYPE_URL, type EnvoyKind, envoyResourceJson } from '../wire/envoy-codec.js'
import type { ZoneConfig } from './config.js'
import { adminPath, type InspectResponder } from './inspect-responder.js'
import type { AdminRpc } from './link-session.js'
import type { SidecarSnapshots } from './sidecar-snapshots.js'
import { buildSnapshot } from './snapshot/build.js'
import type { Snapshot } from './snapshot/composition.js'

/** A federated zone has only the public keys of zone tokens: asked for one it answers `not-found`, as Kuma's. */
export function tokenIssuer(trust: TenantTrust, config: ZoneConfig): TokenIssuer {
  return {
    zone: (_store, request, validForMs) => issueZoneToken(request, validForMs, trust.issuer(ZONE_KEYS)),
    async user(_store, request, validForMs) {
      if (!config.userTokenIssuer) throw issuerDisabled()
      return issueUserToken(request, validForMs, trust.issuer(USER_KEYS))
    },
    async dataplane(_store, request, validForMs) {
      if (!config.dataplaneTokenIssuer) throw issuerDisabled()
      return issueDataplaneToken(request, validForMs, trust.issuer(dataplaneKeys(request.mesh)))
    },
  }
}

export function proxyAdmin(responder: InspectResponder): ProxyAdmin {
  return {
    ask: (_store, dataplane, question) =>
      responder.fetch(dataplane.mesh ?? '', dataplane.name, adminPath(RPC_OF[question.kind], question)),
  }
}

const RPC_OF: Readonly<Record<ProxyQuestion['kind'], AdminRpc>> = {
  xds: 'StreamXDSConfigs',
  stats: 'StreamStats',
  clusters: 'StreamClusters',
}

/** What a sidecar would be sent now, by type URL and name. */
export function proxyConfig(snapshots: SidecarSnapshots): ProxyConfig {
  return {
    async build(_store, dataplane) {
      const snapshot = buildSnapshot(snapshots.contextOf(dataplane.mesh ?? ''), dataplane, snapshots.cache)
      return Object.fromEntries(
        KINDS.map(([kind, part]): [string, JsonObject] => [
          ENVOY_TYPE_URL[kind],
          Object.fromEntries([...snapshot[part]].map(([name, entry]) => [name, envoyResourceJson(entry)])),
        ]),
      )
    },
  }
}

const KINDS: readonly (readonly [EnvoyKind, 'clusters' | 'endpoints' | 'listeners' | 'secrets'])[] = [
  ['cluster', 'clusters'],
  ['endpoint', 'endpoints'],
  ['listener', 'listeners'],
  ['secret', 'secrets'],
] satisfies readonly (readonly [EnvoyKind, keyof Snapshot])[]
