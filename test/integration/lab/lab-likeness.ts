import { isJsonObject, type Json } from '../../../src/model/json.js'

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const BASE = /(?:http|grpc)s?:\/\/127\.0\.0\.1:\d+(?:\/v1\/mesh\/control-planes\/<id>\/api)?/g
/** Services have their addresses in the order in which they came. */
const VIP = /\b24[1-3]\.0\.\d+\.\d+\b/g
const HOME = /\/[^"]*\/zonelab-test-[^/]+/g
/** And one of the zone proxy's ports each. */
const PORT = /^port(?:_value)?$/
const isProxyPort = (shown: Json) => typeof shown === 'number' && shown > 10_000 && shown < 10_100
/** Of any two labs these differ: where processes listen, and how often changes met while an answer was out. */
const OF_EACH_LAB =
  /^(?:(?:apiHttp|apiHttps|bootstrap|diagnostics|dpServer)Port|dataplane\.admin\.port|responses(?:Sent|Acknowledged))$/
const ID = /^cpId$|instanceId$/i

/** What a lab shows without ids, times and base path, and what no two labs share. */
export function likeAnyLab(shown: Json, key = ''): Json {
  if (Array.isArray(shown)) return shown.map((item) => likeAnyLab(item, key))
  if (isJsonObject(shown)) {
    return Object.fromEntries(Object.entries(shown).map(([name, item = null]) => [name, likeAnyLab(item, name)]))
  }
  if (key === 'config' && typeof shown === 'string' && shown.startsWith('{'))
    return likeAnyLab(JSON.parse(shown) as Json)
  if (ID.test(key)) return '<id>'
  if (key === 'data' && typeof shown === 'string' && isKeyOrToken(shown)) return '<key>'
  if (OF_EACH_LAB.test(key)) return '<any>'
  if (PORT.test(key) && isProxyPort(shown)) return '<port>'
  if (typeof shown !== 'string') return shown
  if (TIME.test(shown)) return '<time>'
  return shown.replace(UUID, '<id>').replace(BASE, '<base>').replace(HOME, '<home>').replace(VIP, '<vip>')
}

/**
 * Without the counters of subscriptions: while one is open they are written every now and then, and what they say at a
 * moment is of no two labs the same.
 */
export function withoutCounters(shown: Json): Json {
  if (Array.isArray(shown)) return shown.map(withoutCounters)
  if (!isJsonObject(shown)) return shown
  const isSubscription = 'connectTime' in shown
  const kept = Object.entries(shown).filter(([name]) => !(isSubscription && name === 'status'))
  return Object.fromEntries(kept.map(([name, item = null]) => [name, withoutCounters(item)]))
}

/** Each control plane has keys of its own, and tokens that are signed with them. */
function isKeyOrToken(data: string): boolean {
  return /^(?:-----BEGIN|eyJ)/.test(Buffer.from(data, 'base64').toString())
}
