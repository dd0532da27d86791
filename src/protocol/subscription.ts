import type { DeltaRequest } from './messages.js'
import type { Subscription } from './ports.js'

/** The name that stands for every name (xDS protocol, "How the client specifies what resources to return"). */
export const WILDCARD = '*'

const NO_NAMES: ReadonlySet<string> = new Set()

/** What every KDS peer asks for. */
export const EVERYTHING: Subscription = { wildcard: true, names: NO_NAMES, anew: NO_NAMES }

export function covers(subscription: Subscription, name: string): boolean {
  return subscription.wildcard || subscription.names.has(name)
}

/** The subscription that the first request of a type makes. One that names nothing means everything (legacy wildcard). */
export function firstSubscription(request: DeltaRequest): Subscription {
  const names = new Set(request.subscribe.filter((name) => name !== WILDCARD))
  return {
    wildcard: names.size < request.subscribe.length || request.subscribe.length === 0,
    names,
    // What the peer says it holds is compared by version; every other name it asks for is told, be it only as removed.
    anew: new Set([...names].filter((name) => !request.initialVersions.has(name))),
  }
}

/** What a later request changes. `repeat`: the peer is owed everything again, whatever it holds. */
export interface SubscriptionChange {
  readonly subscription: Subscription
  readonly repeat: boolean
}

/**
 * Applies the names of a later request; `undefined` if it changes nothing.
 * Asking again for a known name, or for `*` without a nonce, means that the peer may have lost it.
 */
export function changeSubscription(current: Subscription, request: DeltaRequest): SubscriptionChange | undefined {
  // A plain answer, which is nearly every message.
  if (request.nonce !== '' && request.subscribe.length === 0 && request.unsubscribe.length === 0) return undefined
  const repeat = repeats(current, request)
  const named = request.subscribe.filter((name) => name !== WILDCARD)
  if (!repeat && named.length === 0 && request.unsubscribe.length === 0) return undefined
  const names = new Set([...current.names, ...named])
  const anew = new Set([...current.anew, ...named])
  const wildcard = (current.wildcard || repeat) && !request.unsubscribe.includes(WILDCARD)
  for (const name of request.unsubscribe) {
    if (!names.delete(name)) continue
    if (wildcard)
      anew.add(name) // The wildcard still covers it: the peer is told what it is now, or that it is not.
    else anew.delete(name)
  }
  return { subscription: { wildcard, names, anew }, repeat: repeat && wildcard }
}

export function tellAnew(current: Subscription, names: readonly string[]): Subscription {
  const anew = new Set(current.anew)
  for (const name of names) if (covers(current, name)) anew.add(name)
  return { ...current, anew }
}

export function toldAnew(current: Subscription): Subscription {
  return current.anew.size === 0 ? current : { ...current, anew: NO_NAMES }
}

function repeats(current: Subscription, request: DeltaRequest): boolean {
  const asksAll = request.subscribe.includes(WILDCARD)
  if (!current.wildcard) return asksAll
  const namesNothing = request.subscribe.length === 0 && request.unsubscribe.length === 0
  return request.nonce === '' && (asksAll || namesNothing)
}
