import type { JsonObject } from '../model/json.js'
import { descriptorOf, POLICY_TYPES, RESOURCE_TYPES, type ResourceType } from '../model/registry.js'
import { writeRefusal } from '../model/write-rules.js'
import type { ApiOptions } from './options.js'

type Place = Pick<ApiOptions, 'cp' | 'readOnly'>

/** Types that REST serves, by name: the order of `/_resources` and `/policies`. */
export const SERVED_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter(
  (type) => descriptorOf(type).paths.length > 0,
).sort()

/** Whether the API refuses to write the type: it is not for this control plane to author, or nothing may be written. */
export function isReadOnly(type: ResourceType, { readOnly, cp }: Place): boolean {
  return readOnly || writeRefusal(type, cp.mode) !== undefined
}

/** An entry of `/_resources`. Its `readOnly` leaves out what a global is not the author of; that is Kuma's way. */
export function resourceTypeJson(type: ResourceType, { readOnly, cp }: Place): JsonObject {
  const descriptor = descriptorOf(type)
  const { policy } = descriptor
  return {
    includeInFederation: descriptor.includeInFederation,
    name: type,
    path: descriptor.paths[0],
    pluralDisplayName: descriptor.displayPlural,
    ...(policy && {
      policy: {
        hasFromTargetRef: false,
        hasRulesTargetRef: policy.hasRules,
        hasToTargetRef: policy.hasTo,
        isFromAsRules: false,
        isTargetRef: true,
      },
    }),
    readOnly: readOnly || cp.mode === 'zone' || descriptor.readOnly,
    scope: descriptor.scope === 'mesh' ? 'Mesh' : 'Global',
    shortName: descriptor.short ?? '',
    singularDisplayName: descriptor.display,
  }
}

/** The entries of `/policies`. */
export function policiesJson(place: Place): readonly JsonObject[] {
  return [...POLICY_TYPES].sort().map((type) => {
    const descriptor = descriptorOf(type)
    return {
      name: type,
      readOnly: isReadOnly(type, place),
      path: descriptor.paths[0],
      singularDisplayName: descriptor.display,
      pluralDisplayName: descriptor.displayPlural,
      isExperimental: false,
      isTargetRefBased: true,
      isInbound: descriptor.policy?.hasRules ?? false,
      isOutbound: descriptor.policy?.hasTo ?? false,
    }
  })
}
