import { canonicalJson, isJsonObject, type JsonText } from '../model/json.js'
import { LABEL, type Labels, sortedLabels } from '../model/labels.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { type Resource, type ResourceKey, specOf } from '../model/resource.js'
import type { Incoming } from './incoming.js'

/** What a receiver lets one stream touch, and what it makes of a copy before keeping it (kuma `pkg/kds/store/sync.go`). */
export interface ReceiverRules {
  /** Stored resources that this stream may update and delete. */
  inScope(resource: Resource): boolean
  /** The copy as it is kept; undefined: not meant for us, silently ignored. */
  accept(incoming: Incoming): Incoming | undefined
  /** Deleted together with this: what came from a zone with its Zone. */
  readonly owner: ResourceKey | undefined
  /** Keep our own status and ignore the sender's: the computing side owns it (kds.md trap 22). */
  readonly keepsOwnStatus: boolean
}

/**
 * A zone takes what says `kuma.io/origin: global`; of types that zones may author, nothing else is in scope, so that
 * its own are never touched. Types that only the global authors belong to the global whole (kds.md §8.2, trap 29).
 */
export const zoneRules: ReceiverRules = {
  inScope: (resource) => ownedByGlobal(resource.type) || resource.labels[LABEL.origin] === 'global',
  accept: (incoming) =>
    ownedByGlobal(incoming.type) || incoming.labels[LABEL.origin] === 'global' ? incoming : undefined,
  owner: undefined,
  keepsOwnStatus: true,
}

function ownedByGlobal(type: ResourceType): boolean {
  return !descriptorOf(type).flow.providedByZone
}

/**
 * A global believes the connection, never the payload: zone and origin are forced to the authenticated zone, and only
 * what carries that zone is in scope, so no zone can touch another's (kds.md §3.3). Kuma also takes a name that begins
 * with `<zone>.` for the zone's, for copies made before 2.6; any other resource of such a name would be deleted by it.
 */
export function globalRules(
  zone: string,
  onAttributionRewrite: (type: ResourceType, claimed: string) => void,
): ReceiverRules {
  return {
    inScope: (resource) => resource.labels[LABEL.zone] === zone && resource.labels[LABEL.origin] === 'zone',
    accept: (incoming) => {
      const labels: Labels = sortedLabels({ ...incoming.labels, [LABEL.zone]: zone, [LABEL.origin]: 'zone' })
      const spec = incoming.type === 'Dataplane' ? gatewayTagged(incoming, zone, onAttributionRewrite) : incoming.spec
      return { ...incoming, labels, spec }
    },
    owner: { type: 'Zone', mesh: undefined, name: zone },
    keepsOwnStatus: false,
  }
}

/** A delegated gateway's own `kuma.io/zone` tag, where present, is made true as well. */
function gatewayTagged(
  incoming: Incoming,
  zone: string,
  onRewrite: (type: ResourceType, claimed: string) => void,
): JsonText {
  const spec = specOf(incoming)
  const networking = spec.networking
  const gateway = isJsonObject(networking) ? networking.gateway : undefined
  const tags = isJsonObject(gateway) ? gateway.tags : undefined
  if (!isJsonObject(networking) || !isJsonObject(gateway) || !isJsonObject(tags)) return incoming.spec
  const claimed = tags[LABEL.zone]
  if (claimed === undefined || claimed === zone) return incoming.spec
  onRewrite(incoming.type, String(claimed))
  const rewritten = { ...gateway, tags: { ...tags, [LABEL.zone]: zone } }
  return canonicalJson({ ...spec, networking: { ...networking, gateway: rewritten } })
}
