import type { ControlPlane } from '../model/compute-labels.js'
import type { JsonObject, JsonText } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import { specOf } from '../model/resource.js'
import { canonicalProtoSpec } from '../wire/spec-codec.js'

interface Networking extends JsonObject {
  readonly gateway?: JsonObject & { readonly tags?: JsonObject }
  readonly inbound?: readonly (JsonObject & { readonly serviceProbe?: JsonObject })[]
}

/**
 * What a zone puts into a Dataplane as it stores it (kuma `dataplane_manager.go`): a gateway bears its zone, and a new
 * inbound with a probe is not ready until the proxy has probed it.
 */
export function completeDataplane(cp: ControlPlane, text: JsonText, isNew: boolean): JsonText {
  const spec = specOf<{ networking?: Networking }>({ spec: text })
  const { gateway, inbound = [] } = spec.networking ?? {}
  const waits = isNew && inbound.some(({ serviceProbe }) => serviceProbe !== undefined)
  if (cp.mode === 'global' || (gateway === undefined && !waits)) return text
  return canonicalProtoSpec('Dataplane', {
    networking: {
      ...spec.networking,
      ...(gateway && { gateway: { ...gateway, tags: { ...gateway.tags, [LABEL.zone]: cp.zone } } }),
      ...(waits && {
        inbound: inbound.map((one) =>
          one.serviceProbe ? { ...one, state: 'NotReady', health: { ready: false } } : one,
        ),
      }),
    },
  })
}
