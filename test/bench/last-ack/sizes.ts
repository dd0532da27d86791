/** Bytes of a message to a sidecar, and of its answer, as zonelab's own were seen to be. */
export interface Sizes {
  readonly down: number
  readonly answer: number
}
