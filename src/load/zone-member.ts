import { makeFullMember } from './full-member.js'
import { makeLightMember } from './light-member.js'
import { tierOf } from './scenario.js'
import type { MakeMember } from './zone-crew.js'

/** A simulated zone of the tier that the scenario names. */
export const makeMember: MakeMember = (order, ...rest) =>
  tierOf(order.topology) === 'full' ? makeFullMember(order, ...rest) : makeLightMember(order, ...rest)
