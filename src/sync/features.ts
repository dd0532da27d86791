/**
 * Named abilities that peers state, in two places (kds.md trap 20): the header `features` per connection and
 * `Node.metadata.features` per request. Kuma: `pkg/kds/features.go`. A zone says both.
 */
export const HEADER_FEATURES = ['zone-ping-health', 'hash-suffix'] as const

export const NODE_FEATURES = ['zone-token', 'hash-suffix', 'hg-mz-selector', 'producer-policy-flow'] as const

/**
 * What of a node's features changes the bytes it is sent. Zones with equal abilities share one view, so a change
 * is mapped and encoded once per class, however many zones there are.
 */
export interface RecipientClass {
  readonly key: string
  /** Names of copies carry a hash; without it a peer would see clashes, so every current peer states it. */
  readonly hashSuffix: boolean
  /** Understands HostnameGenerators that select MeshMultiZoneServices. */
  readonly multiZoneGenerators: boolean
  /** Takes producer policies of other zones. */
  readonly producerPolicies: boolean
}

export function recipientClass(nodeFeatures: readonly string[]): RecipientClass {
  const hashSuffix = nodeFeatures.includes('hash-suffix')
  const multiZoneGenerators = nodeFeatures.includes('hg-mz-selector')
  const producerPolicies = nodeFeatures.includes('producer-policy-flow')
  const key = [hashSuffix, multiZoneGenerators, producerPolicies].map((on) => (on ? '1' : '0')).join('')
  return { key, hashSuffix, multiZoneGenerators, producerPolicies }
}
