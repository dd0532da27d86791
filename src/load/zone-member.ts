import { makeLightMember } from './light-member.js'
import type { MakeMember } from './zone-crew.js'

/** A simulated zone of the tier that the scenario names. */
export const makeMember: MakeMember = (order, zone, place, log) => makeLightMember(order, zone, place, log)
