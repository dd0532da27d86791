/** Everything that can be done to a zone's link, by name. `src/zone/link-faults.ts` does it, and ends it. */
export const LINK_FAULTS = {
  disconnect: 'The connection to the global is dropped, and none is made until the fault ends',
  'half-open': 'The connection stands, and nothing passes on any of its streams, either way; nobody is told',
  'silent-stream': 'What the global sends is not heard, while health checks go on (kumahq/kuma#16428)',
  'slow-reader': 'One message a second is read from the global',
  nack: 'Every response of the global is refused',
  'duplicate-client-id': 'A second control plane calls itself by the same name',
  oversize: 'A message over the limit is sent to the global',
  'token-expire-now': 'The connection is dropped, and new ones bring a token that does not hold any more',
} as const

export type LinkFaultKind = keyof typeof LINK_FAULTS

export const LINK_FAULT_KINDS = Object.keys(LINK_FAULTS) as [LinkFaultKind, ...LinkFaultKind[]]

/** One fault on one link. */
export interface LinkFault {
  readonly id: string
  readonly kind: LinkFaultKind
  /** It reverts by itself after so long, whatever became of who asked for it. */
  readonly durationMs: number
  /** For `token-expire-now`: a token of the zone's that has expired. */
  readonly expiredToken?: string | undefined
}
