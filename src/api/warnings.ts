import { type Resource, specOf } from '../model/resource.js'
import { sniFaults } from '../model/sni.js'
import { isDestinationType, portsOf } from '../policy/destinations.js'

/** Notes on what is accepted all the same (kuma `Deprecations` of each type). */
export function warningsOf(resource: Resource): readonly string[] {
  return [...selectorWarnings(resource), ...sniWarnings(resource), ...rateLimitWarnings(resource)]
}

function selectorWarnings(resource: Resource): readonly string[] {
  if (resource.type !== 'MeshService') return []
  const { selector } = specOf<{ selector?: { dataplaneRef?: object; dataplaneLabels?: object } }>(resource)
  if (selector?.dataplaneRef || selector?.dataplaneLabels) return []
  return [
    `MeshService resource '${resource.name}' has no selector, so it matches no data plane proxies. ` +
      "Set 'spec.selector.dataplaneRef' or 'spec.selector.dataplaneLabels'. " +
      "The 'spec.selector.dataplaneTags' selector was removed, migrate it to 'dataplaneLabels'.",
  ]
}

function sniWarnings(resource: Resource): readonly string[] {
  const { type } = resource
  if (!isDestinationType(type)) return []
  return portsOf(resource).flatMap(({ name }) =>
    sniFaults({ ...resource, type }, name).map(
      (fault) => `Invalid ${type} SNI (port ${JSON.stringify(name)}): ${fault}. This is deprecated.`,
    ),
  )
}

interface Limited {
  readonly default?: { readonly local?: { readonly http?: { readonly onRateLimit?: { readonly status?: number } } } }
}

/** The field is named as Kuma names it, which is not where it is. */
function rateLimitWarnings(resource: Resource): readonly string[] {
  if (resource.type !== 'MeshRateLimit') return []
  const { rules = [], to = [] } = specOf<{ rules?: readonly Limited[]; to?: readonly Limited[] }>(resource)
  const warn = (list: string, items: readonly Limited[]) =>
    items.flatMap((item, i) => {
      const { status = 429 } = item.default?.local?.http?.onRateLimit ?? {}
      if (status >= 400) return []
      return [
        `'spec.${list}[${i}].default.local.http.requestRate.status' must be 400 or higher. Please update your configuration.`,
      ]
    })
  return [...warn('rules', rules), ...warn('to', to)]
}
