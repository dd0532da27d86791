import { canonicalJson, EMPTY_JSON_OBJECT, isJsonObject, type JsonObject, type JsonText } from '../model/json.js'
import { LABEL, type Labels } from '../model/labels.js'
import { hashedName } from '../model/naming.js'
import { descriptorOf } from '../model/registry.js'
import { displayName, type Resource, specOf } from '../model/resource.js'
import type { RecipientClass } from './features.js'
import type { Outgoing } from './recipe.js'

/** What a sender does to labels besides the fixed rules: `labels.skipPrefixes` drops keys by prefix. */
export interface LabelOptions {
  readonly skipPrefixes: readonly string[]
}

/** The global's mappers, in Kuma's order (`pkg/kds/context/context.go`; kds.md §4.4). */
export function mapDown(
  resource: Resource,
  recipient: RecipientClass,
  publicKeyOf: (secret: JsonText) => JsonText,
  options: LabelOptions,
): Outgoing {
  const descriptor = descriptorOf(resource.type)
  let outgoing: Outgoing = {
    type: resource.type,
    mesh: resource.mesh,
    name: resource.name,
    labels: withLabels(resource.labels, { [LABEL.origin]: 'global' }, options),
    spec: resource.spec,
    status: descriptor.hasStatus ? emptyStatus(resource) : undefined,
  }
  if (resource.type === 'GlobalSecret' && resource.name.startsWith(ZONE_KEY_PREFIX))
    outgoing = publicKeyCopy(outgoing, publicKeyOf)
  if (!descriptor.keepsName && recipient.hashSuffix) outgoing = renamed(outgoing)
  return outgoing
}

/** A zone's mappers: origin and zone are stated, the name is always hashed. */
export function mapUp(resource: Resource, zone: string, options: LabelOptions): Outgoing {
  const { [LABEL.deletionGrace]: _local, ...labels } = resource.labels
  return renamed({
    type: resource.type,
    mesh: resource.mesh,
    name: resource.name,
    labels: withLabels(labels, { [LABEL.origin]: 'zone', [LABEL.zone]: zone }, options),
    spec: resource.type === 'DataplaneInsight' ? withoutGenerations(specOf(resource)) : resource.spec,
    status: resource.status,
  })
}

const ZONE_KEY_PREFIX = 'zone-token-signing-key'
const ZONE_PUBLIC_KEY_PREFIX = 'zone-token-signing-public-key'

/** A private key never leaves the global: zones get the public half under another name, which shows the old one. */
function publicKeyCopy(outgoing: Outgoing, publicKeyOf: (secret: JsonText) => JsonText): Outgoing {
  return {
    ...outgoing,
    name: ZONE_PUBLIC_KEY_PREFIX + outgoing.name.slice(ZONE_KEY_PREFIX.length),
    labels: { ...outgoing.labels, [LABEL.displayName]: outgoing.name },
    spec: publicKeyOf(outgoing.spec),
  }
}

function renamed(outgoing: Outgoing): Outgoing {
  const labels = { ...outgoing.labels, [LABEL.displayName]: displayName(outgoing) }
  return { ...outgoing, labels, name: hashedName({ mesh: outgoing.mesh, name: outgoing.name, labels }) }
}

function withLabels(labels: Labels, added: Labels, options: LabelOptions): Labels {
  const all = { ...labels, ...added }
  if (options.skipPrefixes.length === 0) return all
  const kept = Object.entries(all).filter(([key]) => !options.skipPrefixes.some((prefix) => key.startsWith(prefix)))
  return Object.fromEntries(kept)
}

/** Present but empty, as Go prints the zero value of each status type: the zone keeps its own (kds.md trap 22). */
function emptyStatus(resource: Resource): JsonText {
  if (resource.type === 'MeshService') return '{"dataplaneProxies":{},"tls":{}}' as JsonText
  return EMPTY_JSON_OBJECT
}

/** `generation` counts heartbeats; left in, every quiet sidecar would travel every few minutes (kds.md trap 28). */
function withoutGenerations(spec: JsonObject): JsonText {
  const subscriptions = spec.subscriptions
  if (!Array.isArray(subscriptions)) return canonicalJson(spec)
  const quiet = subscriptions.map((subscription) => {
    if (!isJsonObject(subscription)) return subscription
    const { generation: _heartbeats, ...rest } = subscription
    return rest
  })
  return canonicalJson({ ...spec, subscriptions: quiet })
}
