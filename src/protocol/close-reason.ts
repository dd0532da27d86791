/** Why a stream ended. Every end has one, is reported once, and none is OK on a sync stream (a clean end kills Kuma's upward sync silently). */
export type CloseReason =
  | { readonly kind: 'peer-ended'; readonly status: number; readonly detail: string }
  | { readonly kind: 'peer-lost'; readonly detail: string }
  | { readonly kind: 'undecodable'; readonly detail: string }
  | { readonly kind: 'too-large'; readonly detail: string }
  | { readonly kind: 'protocol-error'; readonly detail: string }
  | {
      readonly kind: 'refused'
      readonly code: 'unauthenticated' | 'permission-denied' | 'invalid-argument' | 'unavailable'
      readonly detail: string
    }
  | { readonly kind: 'superseded'; readonly detail: string }
  | { readonly kind: 'not-writable'; readonly detail: string }
  /** The peer is so far behind that its increments are gone: a new stream starts from the whole truth. */
  | { readonly kind: 'fell-behind'; readonly detail: string }
  | { readonly kind: 'apply-failed'; readonly detail: string }
  /** A mistake of ours, kept to this stream. */
  | { readonly kind: 'internal'; readonly detail: string }
  | { readonly kind: 'zone-offline'; readonly detail: string }
  | { readonly kind: 'shutting-down'; readonly detail: string }
