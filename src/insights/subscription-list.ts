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

/** Closes what a control plane that died without a word left open. Undefined when there is nothing to close. */
export function closeOpenSubscriptions(insight: JsonObject, nowMs: number): JsonObject | undefined {
  const { subscriptions } = insight
  if (!Array.isArray(subscriptions)) return undefined
  const now = subscriptions.map((item) => closed(item, nowMs))
  return now.some((item, i) => item !== subscriptions[i]) ? { ...insight, subscriptions: now } : undefined
}

/** At the start of a control plane no stream can be open: what its insights of a type say otherwise is of an earlier life. */
export async function closeLeftOpen(
  store: TenantStore,
  type: 'ZoneInsight' | 'DataplaneInsight',
  nowMs: number,
): Promise<void> {
  const { resources } = await store.list(type)
  const writes = resources.flatMap((resource): Write[] => {
    const spec = closeOpenSubscriptions(specOf(resource), nowMs)
    if (!spec) return []
    const next = { ...draftOf(resource), spec: canonicalJson(spec) }
    return [{ kind: 'put', resource: next, expect: { version: resource.version } }]
  })
  await store.commit(writes)
}

function isOwn(item: Json, own: JsonObject): boolean {
  return isJsonObject(item) && item.id === own.id
}

function closed(subscription: Json, atMs: number): Json {
  if (!isJsonObject(subscription) || subscription.disconnectTime !== undefined) return subscription
  return { ...subscription, disconnectTime: timestamp(atMs) }
}
