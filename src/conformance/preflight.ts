import { AppError, GRPC_STATUS } from '../base/errors.js'
import { isJsonObject, parseJson } from '../model/json.js'
import type { CallLane } from './call-lane.js'
import type { Lane } from './lane.js'
import type { Exchange } from './result.js'
import { RPCS } from './rpc.js'
import type { Target } from './target.js'
import { tokenWith } from './tokens/base-token.js'

/** What is known of a target before any case runs. */
export interface Preflight {
  readonly fingerprint: string | undefined
  readonly product: string | undefined
  /** A call without any credential is served. */
  readonly servesAnyone: boolean
  /** Why nothing can be said of this target: its legal peer is refused, or its clock is off. */
  readonly hopeless: string | undefined
  /** The slowest of the first refusals. */
  readonly refusalMs: number
}

/** Further apart than this, boundary cases to the second would tell of the clocks and not of the target. */
const SKEW_MAX_S = 15

/**
 * Tells apart, before any case runs, what would make every case fail for a reason of its own. Throws AppError `unavailable` for
 * a target that is not there, is no KDS, or does not speak TLS as asked; `unauthenticated` for an API that refuses its user.
 */
export async function preflight(target: Target, lane: Lane): Promise<Preflight> {
  const { fingerprint } = await dialled(target)
  const product = await productOf(target)
  const nobody = [await refusedBy(lane)]
  for (const rpc of RPCS) nobody.push(await lane.call(rpc, { fields: lane.bench.fields(undefined) }))
  // One that forgets to ask on some RPCs has authentication, and a fault that cases will find.
  const servesAnyone = nobody.every(({ answer }) => answer === 'OK')
  const refusalMs = Math.max(...nobody.map(({ elapsedMs }) => elapsedMs))
  const facts = { fingerprint, product, servesAnyone, refusalMs }
  if (servesAnyone) return { ...facts, hopeless: undefined }
  return { ...facts, hopeless: (await legalPeerRefused(target, lane)) ?? (await clockFault(target, lane)) }
}

/** As `preflight`, of a way in that has no RPCs of KDS: whether nobody in particular is refused and the legal peer served. */
export async function doorPreflight(target: Target, lane: CallLane, overTls: boolean): Promise<Preflight> {
  const fingerprint = overTls ? (await dialled(target)).fingerprint : undefined
  const product = await productOf(target)
  const nobody: Exchange[] = []
  for (const door of lane.doors) nobody.push((await lane.trial(door, { fields: [] })).exchange)
  const servesAnyone = nobody.every(({ answer }) => answer === 'OK')
  const refusalMs = Math.max(...nobody.map(({ elapsedMs }) => elapsedMs))
  const { answer, text } = await lane.probe()
  const hopeless = answer === 'OK' ? undefined : `its legal peer is refused with ${answer} (${text})`
  return { fingerprint, product, servesAnyone, refusalMs, hopeless }
}

/** Whether a zone that the suite did not make up may be used: its stream would end the one of the real zone. */
export async function ensureZoneIsFree(target: Target, zone: string): Promise<void> {
  const say = (why: string) =>
    new AppError('guard-rail', `zone ${zone} ${why}; a run acts as this zone. --zone-is-mine goes on all the same`)
  if (target.api === undefined) throw say('may be online, and without --api that cannot be read')
  let overview: Awaited<ReturnType<typeof target.api.get>>
  try {
    overview = await target.api.get(`/zones/${zone}/_overview`)
  } catch (thrown) {
    throw say(`may be online: ${AppError.from(thrown).message}`)
  }
  const insight = isJsonObject(overview?.zoneInsight) ? overview.zoneInsight : {}
  const subscriptions = Array.isArray(insight.subscriptions) ? insight.subscriptions : []
  if (subscriptions.some((one) => isJsonObject(one) && one.disconnectTime === undefined)) throw say('is online')
}

async function dialled(target: Target): Promise<{ readonly fingerprint: string | undefined }> {
  const { address, trust } = target.endpoint
  try {
    const connection = await target.connect()
    const { fingerprint } = connection
    connection.close()
    return { fingerprint }
  } catch (thrown) {
    throw new AppError('unavailable', `${address}: ${explained(AppError.from(thrown).message, trust.kind)}`)
  }
}

/** What OpenSSL and sockets say, in terms of what to do about it. */
function explained(message: string, trust: string): string {
  if (/ECONNREFUSED/.test(message)) return `nothing listens there (${message}); is the port that of KDS?`
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return `there is no such host (${message})`
  if (/no connection within/.test(message)) return `${message}: a firewall, or a host that is off`
  if (/wrong version number|packet length too long|EPROTO/i.test(message)) {
    return `it does not speak TLS (${message}); if it is plaintext, say --target grpc://HOST:PORT`
  }
  if (/self.signed|unable to (?:verify|get)|UNABLE_TO|CERT_/i.test(message)) {
    return `its certificate is not of this authority (${message}); give the right one with --ca`
  }
  if (/ALTNAME|does not match/i.test(message)) return `its certificate is for another name (${message})`
  if (/has expired/i.test(message)) return `its certificate has expired (${message})`
  if (/ALPN/.test(message)) return `${message}; is it a web server?`
  return trust === 'plaintext' ? message : `the TLS handshake failed: ${message}`
}

async function productOf({ api }: Target): Promise<string | undefined> {
  if (api === undefined) return undefined
  const answer = await api.send('GET', '/')
  const body = answer.status === 200 ? safeObject(answer.body) : {}
  const zones = await api.send('GET', '/zones?size=1')
  if (zones.status === 401 || zones.status === 403) {
    throw new AppError('unauthenticated', `the API refuses the user token (${zones.status}): ${reasonIn(zones.body)}`)
  }
  if (zones.status !== 200)
    throw new AppError('unavailable', `the API answers GET /zones with ${zones.status}; is it Kuma's?`)
  return typeof body.product === 'string' ? `${body.product} ${String(body.version ?? '')}`.trim() : undefined
}

function reasonIn(body: string): string {
  const { detail, title } = safeObject(body)
  return String(detail ?? title ?? 'without a reason')
}

function safeObject(body: string) {
  try {
    const value = parseJson(body)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** The answer to a call that shows nothing. Throws when what answers is no KDS. */
async function refusedBy(lane: Lane): Promise<Exchange> {
  const exchange = await lane.call('HealthCheck', { fields: lane.bench.fields(undefined) })
  const { answer, status, text } = exchange
  const isKds = status !== undefined && status !== GRPC_STATUS.UNIMPLEMENTED
  if (isKds || answer === 'TIMEOUT') return exchange
  if (answer === 'CONNECTION')
    throw new AppError('unavailable', `it hangs up on the first call (${text}); does it speak TLS?`)
  throw new AppError('unavailable', `what answers is no KDS: ${text === '' ? answer : text}`)
}

async function legalPeerRefused(target: Target, lane: Lane): Promise<string | undefined> {
  const { answer, text } = await lane.legal('HealthCheck')
  if (answer === 'OK') return undefined
  const source = target.platform
    ? 'it shows an access token of a new account with the role Connector; does this global ask that platform?'
    : target.signing !== undefined
      ? 'the signing key does not match the target'
      : target.onlyZone !== undefined
        ? 'the token was handed over; it may have expired or be for another control plane'
        : 'the token is from the API; is that the API of this control plane?'
  return `its legal peer is refused with ${answer} (${text}): ${source}`
}

/** With tokens near their end one can tell the time of who judges them. */
async function clockFault(target: Target, lane: Lane): Promise<string | undefined> {
  if (target.signing === undefined || target.platform !== undefined) return undefined
  const { bench } = lane
  const answerTo = async (endsInS: number) => {
    const fields = bench.fields(tokenWith(bench, { claims: { exp: bench.nowS + endsInS, nbf: bench.nowS - 7_200 } }))
    return (await lane.call('HealthCheck', { fields })).answer
  }
  if ((await answerTo(SKEW_MAX_S)) !== 'OK') return `its clock is more than ${SKEW_MAX_S} s ahead of ours`
  // One that takes tokens of an hour ago looks at no clock at all, which is a case's to say.
  const behind = (await answerTo(-SKEW_MAX_S)) === 'OK' && (await answerTo(-3_600)) !== 'OK'
  return behind ? `its clock is more than ${SKEW_MAX_S} s behind ours` : undefined
}
