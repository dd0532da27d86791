import { AppError } from '../base/errors.js'
import { isJsonObject, type JsonObject } from '../model/json.js'
import type { TargetApi } from './target-api.js'

/** Whether a zone that the suite did not make up may be used: its stream would end the one of the real zone. */
export async function ensureZoneIsFree(api: TargetApi | undefined, zone: string): Promise<void> {
  const say = (why: string) =>
    new AppError('guard-rail', `zone ${zone} ${why}; a run acts as this zone. --zone-is-mine goes on all the same`)
  if (api === undefined) throw say('may be online, and without --api that cannot be read')
  let overview: JsonObject | undefined
  try {
    overview = await api.get(`/zones/${zone}/_overview`)
  } catch (thrown) {
    throw say(`may be online: ${AppError.from(thrown).message}`)
  }
  const insight = isJsonObject(overview?.zoneInsight) ? overview.zoneInsight : {}
  const subscriptions = Array.isArray(insight.subscriptions) ? insight.subscriptions : []
  if (subscriptions.some((one) => isJsonObject(one) && one.disconnectTime === undefined)) throw say('is online')
}
