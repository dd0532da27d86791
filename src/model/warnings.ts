import { displayName, type Resource, specOf } from './resource.js'
import { type SniTarget, sniFaults } from './sni.js'
import type { MeshExternalServiceSpec } from './specs/mesh-external-service.js'
import type { MeshRateLimitConf, MeshRateLimitSpec } from './specs/mesh-rate-limit.js'
import type { MeshMultiZoneServiceSpec, MeshServiceSpec } from './specs/mesh-service.js'

/** Notes on what is accepted all the same, in Kuma's words (its `Deprecations`). Few types have any. */
export function warningsOf(resource: Pick<Resource, 'type' | 'mesh' | 'name' | 'labels' | 'spec'>): readonly string[] {
  const { type } = resource
  switch (type) {
    case 'MeshService': {
      const { selector, ports = [] } = specOf<MeshServiceSpec>(resource)
      const selects = selector.dataplaneRef !== undefined || selector.dataplaneLabels !== undefined
      const sections = ports.map(({ name, port }) => name ?? String(port))
      return [...(selects ? [] : [noSelector(displayName(resource))]), ...sniWarnings({ ...resource, type }, sections)]
    }
    case 'MeshMultiZoneService': {
      const { ports } = specOf<MeshMultiZoneServiceSpec>(resource)
      return sniWarnings(
        { ...resource, type },
        ports.map(({ name, port }) => name || String(port)),
      )
    }
    case 'MeshExternalService':
      return sniWarnings({ ...resource, type }, [String(specOf<MeshExternalServiceSpec>(resource).match.port)])
    case 'MeshRateLimit': {
      const { rules = [], to = [] } = specOf<MeshRateLimitSpec>(resource)
      return [...statusWarnings('rules', rules), ...statusWarnings('to', to)]
    }
    default:
      return []
  }
}

function noSelector(name: string): string {
  return (
    `MeshService resource '${name}' has no selector, so it matches no data plane proxies. ` +
    "Set 'spec.selector.dataplaneRef' or 'spec.selector.dataplaneLabels'. " +
    "The 'spec.selector.dataplaneTags' selector was removed, migrate it to 'dataplaneLabels'."
  )
}

function sniWarnings(target: SniTarget, sections: readonly string[]): string[] {
  return sections.flatMap((section) =>
    sniFaults(target, section).map(
      (fault) => `Invalid ${target.type} SNI (port ${JSON.stringify(section)}): ${fault}. This is deprecated.`,
    ),
  )
}

/** The path says requestRate where onRateLimit is meant: Kuma's slip. */
function statusWarnings(list: string, items: readonly { readonly default: MeshRateLimitConf }[]): string[] {
  return items.flatMap((item, index) => {
    const status = item.default.local?.http?.onRateLimit?.status
    if (status === undefined || status >= 400) return []
    const field = `spec.${list}[${index}].default.local.http.requestRate.status`
    return [`'${field}' must be 400 or higher. Please update your configuration.`]
  })
}
