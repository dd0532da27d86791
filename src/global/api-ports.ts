import type { ProxyAdmin, ProxyQuestion, TokenIssuer } from '../api/options.js'
import { signingKeyDraft } from '../auth/bootstrap-secrets.js'
import { issueDataplaneToken, issuerDisabled, issueUserToken, issueZoneToken } from '../auth/issue.js'
import { dataplaneKeys, type KeyPlace, USER_KEYS, ZONE_KEYS } from '../auth/token-secrets.js'
import { LABEL } from '../model/labels.js'
import { displayName } from '../model/resource.js'
import type { TenantStore } from '../store/store.js'
import type { AdminRelay, AdminRpc } from './admin-relay.js'
import type { GlobalConfig } from './config.js'
import type { TenantDirectory } from './tenant-directory.js'

/** Tokens of the control plane whose store is given; of the kinds that this global may issue. */
export function tokenIssuer(tenants: TenantDirectory, config: GlobalConfig): TokenIssuer {
  const issuer = (store: TenantStore, place: KeyPlace) => tenants.get(store.tenant).trust.issuer(place)
  return {
    async zone(store, request, validForMs) {
      if (!config.zoneTokenIssuer) throw issuerDisabled()
      const audience = config.zoneTokenAudience ? { audience: store.tenant } : {}
      return issueZoneToken({ ...request, ...audience }, validForMs, issuer(store, ZONE_KEYS))
    },
    async user(store, request, validForMs) {
      if (!config.userTokenIssuer) throw issuerDisabled()
      return issueUserToken(request, validForMs, issuer(store, USER_KEYS))
    },
    async dataplane(store, request, validForMs) {
      if (!config.dataplaneTokenIssuer) throw issuerDisabled()
      return issueDataplaneToken(request, validForMs, issuer(store, dataplaneKeys(request.mesh)))
    },
  }
}

/** What a new mesh needs besides its policies. */
export async function meshSecrets(mesh: string) {
  return [await signingKeyDraft(dataplaneKeys(mesh))]
}

/** A sidecar's admin interface, by way of the zone that it is in; there it goes by its display name (kds.md §6.7). */
export function proxyAdmin(relay: AdminRelay): ProxyAdmin {
  return {
    async ask(store, dataplane, question) {
      const zone = dataplane.labels[LABEL.zone] ?? ''
      const proxy = {
        resourceType: 'Dataplane',
        resourceName: displayName(dataplane),
        resourceMesh: dataplane.mesh ?? '',
      }
      const answer = await relay.ask(store.tenant, zone, RPC_OF[question.kind], { ...proxy, ...detailsOf(question) })
      return Buffer.from(answer)
    },
  }
}

const RPC_OF: Readonly<Record<ProxyQuestion['kind'], AdminRpc>> = {
  xds: 'StreamXDSConfigs',
  stats: 'StreamStats',
  clusters: 'StreamClusters',
}

function detailsOf(question: ProxyQuestion) {
  switch (question.kind) {
    case 'xds':
      return { includeEds: question.includeEds }
    case 'stats':
      return { format: question.format, usedOnly: question.usedOnly }
    case 'clusters':
      return { format: question.format }
  }
}
