import type { Probe } from './result.js'

/** The first that is looked at. */
export const PEER_SERVED = 'the legal peer is served'

/** What was looked at after a call; the detail is told where it did not hold. */
export function probe(what: string, held: boolean, detail?: string): Probe {
  return { what, held, ...(!held && detail !== undefined && { detail }) }
}
