import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.js'
import { draftOf, specOf } from '../model/resource.js'
import type { TenantStore, Write } from '../store/store.js'
import { timestamp } from './sync-subscription.js'

/**
 * The subscriptions of an insight with our own in its newest state: one of the same id is replaced where it stands, a
 * new one closes those still open. The newest `limit` stay.
 */
export function withSubscription(
  stored: Json | undefined,
  own: JsonObject,
  { closedAtMs, limit }: { readonly closedAtMs: number; readonly limit: number },
): readonly Json[] {
  const before = Array.isArray(stored) ? stored : []
  if (before.some((item) => isOwn(item, own))) return before.map((item) => (isOwn(item, own) ? own : item))
  return [...before.map((item) => closed(item, closedAtMs)), own].slice(-limit)
}

/** Whether the control plane instance that keeps a subscription may be alive still, by its id. */
export type LivesStill = (instance: string) => boolean

/** Ids in a subscription of which one is its keeper's. Of the two ends of a link only one shares the database. */
const KEEPERS = ['controlPlaneInstanceId', 'zoneInstanceId', 'globalInstanceId'] as const

/** Closes what a control plane that died without a word left open. Undefined when there is nothing to close. */
export function closeOpenSubscriptions(
  insight: JsonObject,
  nowMs: number,
  livesStill: LivesStill = () => false,
): JsonObject | undefined {
  const { subscriptions } = insight
  if (!Array.isArray(subscriptions)) return undefined
  const now = subscriptions.map((item) => {
    const ids = isJsonObject(item) ? KEEPERS.map((keeper) => item[keeper]) : []
    const alive = ids.some((id) => typeof id === 'string' && livesStill(id))
    return isOpen(item) && alive ? item : closed(item, nowMs)
  })
  return now.some((item, i) => item !== subscriptions[i]) ? { ...insight, subscriptions: now } : undefined
}

/**
 * At the start of a control plane none of its streams can be open: what its insights of a type say otherwise is of an
 * earlier life. Those of others over the same database may be; `livesStill` knows.
 */
export async function closeLeftOpen(
  store: TenantStore,
  type: 'ZoneInsight' | 'DataplaneInsight',
  nowMs: number,
  livesStill?: LivesStill,
): Promise<void> {
  const { resources } = await store.list(type)
  const writes = resources.flatMap((resource): Write[] => {
    const spec = closeOpenSubscriptions(specOf(resource), nowMs, livesStill)
    if (!spec) return []
    const next = { ...draftOf(resource), spec: canonicalJson(spec) }
    return [{ kind: 'put', resource: next, expect: { version: resource.version } }]
  })
  if (writes.length > 0) await store.commit(writes)
}

/** The last subscription, if it is open. */
export function newestOpen(subscriptions: Json | undefined): JsonObject | undefined {
  const newest = Array.isArray(subscriptions) ? subscriptions.at(-1) : undefined
  return isJsonObject(newest) && isOpen(newest) ? newest : undefined
}

function isOpen(item: Json): boolean {
  return isJsonObject(item) && item.disconnectTime === undefined
}

function isOwn(item: Json, own: JsonObject): boolean {
  return isJsonObject(item) && item.id === own.id
}

function closed(subscription: Json, atMs: number): Json {
  if (!isJsonObject(subscription) || subscription.disconnectTime !== undefined) return subscription
  return { ...subscription, disconnectTime: timestamp(atMs) }
}
