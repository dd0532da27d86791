import type { Removals } from './ports.js'
import type { PublisherState } from './publisher-state.js'

/** In which order the types of one stream are served, and which wait for which. Data, so that the engine knows no type. */
export interface StreamOrder {
  /** Rank. A type that is not listed comes after those that are; among those, whichever came to be due first. */
  readonly ranked: readonly string[]
  /** type → the types that have to be sent and answered before it is sent. */
  readonly waitsFor: ReadonlyMap<string, readonly string[]>
  /** type → the types that have to be at rest before its removals are sent. */
  readonly removalsAfter: ReadonlyMap<string, readonly string[]>
  /** type → the type whose resources of the same names ride again after it, in the same write if they can. */
  readonly renews: ReadonlyMap<string, string>
}

type States = ReadonlyMap<string, PublisherState>

/** Types that do not depend on one another (KDS): the rank is a preference, nothing waits. */
export function independent(ranked: readonly string[] = []): StreamOrder {
  return { ranked, waitsFor: new Map(), removalsAfter: new Map(), renews: new Map() }
}

export interface ProxyTypes {
  readonly clusters: string
  readonly endpoints: string
  readonly listeners: string
  readonly routes: string
}

/**
 * The xDS order in which no traffic is lost ("Eventual consistency considerations" of the xDS protocol): additions from
 * clusters to listeners and routes, removals of clusters last. A changed cluster's endpoints ride again, for Envoy warms
 * it without asking (envoy#13009). Endpoints wait for nobody: a server that makes them wait deadlocks with a client
 * that asks for them first (envoy#36951).
 */
export function makeBeforeBreak({ clusters, endpoints, listeners, routes }: ProxyTypes): StreamOrder {
  return {
    ranked: [clusters, endpoints, listeners, routes],
    waitsFor: new Map([
      [listeners, [clusters]],
      [routes, [clusters]],
    ]),
    removalsAfter: new Map([
      [clusters, [listeners, routes]],
      [endpoints, [clusters]],
    ]),
    renews: new Map([[clusters, endpoints]]),
  }
}

/**
 * The type that may send now, or undefined. Each type is served once a round, the first in rank first, so that a type
 * that changes all the time starves nobody; `served` are those of this round, `due` those with something pending or held.
 */
export function nextTurn(
  order: StreamOrder,
  states: States,
  due: ReadonlySet<string>,
  served: ReadonlySet<string>,
): string | undefined {
  let first: string | undefined
  let firstPlace = Number.POSITIVE_INFINITY
  for (const type of due) {
    if (!maySend(order, states, type)) continue
    const place = rank(order, type) + (served.has(type) ? order.ranked.length + 1 : 0)
    if (place < firstPlace) [first, firstPlace] = [type, place]
  }
  return first
}

/** A removal waits while a type that may still refer to the removed is on its way, or was refused and runs in its old form. */
export function removalsOf(order: StreamOrder, states: States, type: string): Removals {
  return some(
    order.removalsAfter.get(type),
    states,
    (state) => underWay(state) || state.held || state.refusals.size > 0,
  )
    ? 'later'
    : 'now'
}

/** Whether a type has something that may be sent now. */
export function maySend(order: StreamOrder, states: States, type: string): boolean {
  const state = states.get(type)
  if (!state || state.kind === 'awaiting') return false
  if (state.pending) return !some(order.waitsFor.get(type), states, underWay)
  return state.held && removalsOf(order, states, type) === 'now'
}

function underWay(state: PublisherState): boolean {
  return state.kind === 'awaiting' || state.pending
}

/** Types that the peer has not asked for stand in nobody's way. */
function some(
  types: readonly string[] | undefined,
  states: States,
  holds: (state: PublisherState) => boolean,
): boolean {
  if (!types) return false
  return types.some((type) => {
    const state = states.get(type)
    return state !== undefined && holds(state)
  })
}

function rank(order: StreamOrder, type: string): number {
  const index = order.ranked.indexOf(type)
  return index < 0 ? order.ranked.length : index
}
