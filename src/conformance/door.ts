import { AppError } from '../base/errors.js'
import type { Profile } from './matrix.js'
import { RPCS, type Rpc } from './rpc.js'

/** Requests of the REST API that only an admin may make: one that reads, one that issues. */
export const REST_DOORS = ['GET /global-secrets', 'POST /tokens/zone'] as const
export type RestDoor = (typeof REST_DOORS)[number]

/** What a zone serves sidecars: their configuration, and what they start with. */
export const XDS_DOORS = ['DeltaAggregatedResources', 'POST /bootstrap'] as const
export type XdsDoor = (typeof XDS_DOORS)[number]

/** Where a credential is shown; whatever holds for one door of a way in has to hold for each. */
export type Door = Rpc | RestDoor | XdsDoor

/** What a token opens. One run judges one way in, for each has a peer, keys and legal tokens of its own. */
export type Way = 'kds' | 'rest' | 'xds'

/** `client`: no way in. It is the target that shows a token, to the suite. */
export function wayOf(profile: Profile): Way | 'client' {
  if (profile === 'user-token') return 'rest'
  if (profile === 'zone-client') return 'client'
  return profile === 'dataplane-token' ? 'xds' : 'kds'
}

/** Throws AppError `invalid-argument` for profiles that have no way in in common. */
export function wayOfAll(profiles: readonly Profile[]): Way | 'client' {
  const [way = 'kds', ...others] = [...new Set(profiles.map(wayOf))]
  if (others.length === 0) return way
  throw new AppError('invalid-argument', `${profiles.join(' and ')} are of different doors; run them one after another`)
}

export function doorsOf(way: Way | 'client'): readonly Door[] {
  return { kds: RPCS, rest: REST_DOORS, xds: XDS_DOORS, client: [] }[way]
}
