import type { Probe } from './result.js'

/** What a target that is gone would break as well. */
export const PEER_SERVED = 'the legal peer is served'
export const UNDISTURBED = 'an open session of the zone is undisturbed'

/** What was looked at after a call; the detail is told where it did not hold. */
export function probe(what: string, held: boolean, detail?: string): Probe {
  return { what, held, ...(!held && detail !== undefined && { detail }) }
}
