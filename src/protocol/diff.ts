import type { Removals, Subscription } from './ports.js'
import { covers } from './subscription.js'

export interface Versioned {
  readonly version: string
}

export interface Difference {
  /** Names to be sent, in the order of `wanted`. */
  readonly send: readonly string[]
  /** Names to be told as removed: what the peer holds and shall not, and what it asked for and is not there. */
  readonly remove: readonly string[]
  /** What the peer holds afterwards. Removals that are left for later are still in it. */
  readonly held: ReadonlyMap<string, string>
}

/** Takes a peer from `held` to the part of `wanted` that it subscribes to. Linear in both: for small sets, such as a sidecar's. */
export function difference(
  wanted: ReadonlyMap<string, Versioned>,
  held: ReadonlyMap<string, string>,
  subscription: Subscription,
  removals: Removals,
): Difference {
  const send: string[] = []
  const remove: string[] = []
  const after = new Map<string, string>()
  for (const [name, { version }] of wanted) {
    if (!covers(subscription, name)) continue
    after.set(name, version)
    if (held.get(name) !== version || subscription.anew.has(name)) send.push(name)
  }
  for (const [name, version] of held) {
    // What is no longer subscribed is forgotten without a word (xDS protocol, "Unsubscribing from resources").
    if (wanted.has(name) || !covers(subscription, name)) continue
    if (removals === 'now') remove.push(name)
    else after.set(name, version)
  }
  for (const name of subscription.anew) if (!wanted.has(name) && !held.has(name)) remove.push(name)
  return { send, remove, held: after }
}
