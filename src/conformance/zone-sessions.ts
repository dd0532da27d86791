import { isJsonObject } from '../model/json.js'
import type { TargetApi } from './target-api.js'

/** How many sessions of a zone its API shows as going on. Throws what the API throws. */
export async function openSessions(api: TargetApi, zone: string): Promise<number> {
  const overview = await api.get(`/zones/${zone}/_overview`)
  const insight = isJsonObject(overview?.zoneInsight) ? overview.zoneInsight : {}
  const subscriptions = Array.isArray(insight.subscriptions) ? insight.subscriptions : []
  return subscriptions.filter((one) => isJsonObject(one) && one.disconnectTime === undefined).length
}
