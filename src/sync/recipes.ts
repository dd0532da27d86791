import type { JsonText } from '../model/json.js'
import { isLocallyOriginated, LABEL } from '../model/labels.js'
import { DOWN_TYPES, UP_TYPES } from '../model/registry.js'
import type { RecipientClass } from './features.js'
import { goesDown, goesUp } from './outbound-filter.js'
import { type LabelOptions, mapDown, mapUp } from './outbound-map.js'
import type { Recipe } from './recipe.js'

/** What zones of one class get from a global. `publicKeyOf` turns a signing key's secret into its public half. */
export function downRecipe(
  recipient: RecipientClass,
  publicKeyOf: (secret: JsonText) => JsonText,
  options: LabelOptions,
): Recipe {
  return {
    types: DOWN_TYPES,
    identifier: 'global',
    project(resource) {
      if (!goesDown(resource, recipient)) return undefined
      const fromZone = isLocallyOriginated(resource.labels, 'global') ? undefined : zoneOf(resource)
      return { outgoing: mapDown(resource, recipient, publicKeyOf, options), fromZone }
    },
  }
}

/** What a global gets from a zone. */
export function upRecipe(zone: string, options: LabelOptions): Recipe {
  return {
    types: UP_TYPES,
    identifier: zone,
    project: (resource) =>
      goesUp(resource) ? { outgoing: mapUp(resource, zone, options), fromZone: undefined } : undefined,
  }
}

/** The zone label, else the part of the name before the first dot (how Kuma before 2.6 named copies). */
function zoneOf(resource: { name: string; labels: Readonly<Record<string, string>> }): string {
  return resource.labels[LABEL.zone] ?? resource.name.split('.')[0] ?? resource.name
}
