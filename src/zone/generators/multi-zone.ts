import { LABEL, matchesLabels } from '../../model/labels.js'
import { displayName, type Resource } from '../../model/resource.js'
import type { MeshMultiZoneServiceSpec } from '../../model/specs/mesh-service.js'

/** One MeshService behind a MeshMultiZoneService, as its status names it. */
export interface MultiZoneMember {
  readonly mesh: string
  readonly name: string
  readonly namespace: string
  readonly zone: string
}

/** The MeshServices of any zone that the labels select, by zone and name. */
export function multiZoneMembers(
  { selector }: MeshMultiZoneServiceSpec,
  services: readonly Resource[],
  mesh: string,
  localZone: string,
): readonly MultiZoneMember[] {
  const wanted = selector.meshService.matchLabels ?? {}
  if (Object.keys(wanted).length === 0) return []
  return services
    .filter((service) => matchesLabels(service.labels, wanted))
    .map((service) => ({
      mesh,
      name: displayName(service),
      namespace: service.labels[LABEL.namespace] ?? '',
      zone: service.labels[LABEL.zone] ?? localZone,
    }))
    .sort((a, b) => (`${a.zone}/${a.namespace}/${a.name}` < `${b.zone}/${b.namespace}/${b.name}` ? -1 : 1))
}
