import { AppError, GRPC_STATUS } from '../base/errors.js'
import type { CallLane } from './call-lane.js'
import { connectionFault } from './connection-fault.js'
import type { Way } from './door.js'
import { clockFault, legalPeerRefused } from './legal-peer.js'
import { apiFingerprint } from './rest-call.js'
import type { Exchange } from './result.js'
import type { Target } from './target.js'
import { objectIn, reasonIn } from './target-api.js'

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

/**
 * Tells apart, before any case runs, what would make every case fail for a reason of its own. Throws AppError `unavailable` for
 * a target that is not there, is not what it is taken for, or does not speak TLS as asked, `timed-out` for one that does not
 * answer, and `unauthenticated` for an API that refuses its user.
 */
export async function preflight(target: Target, lane: CallLane, way: Way): Promise<Preflight> {
  const fingerprint =
    way === 'rest' ? await apiFingerprint(target.apiEndpoint, target.clock) : await fingerprintOf(target)
  const product = await productOf(target)
  const nobody: Exchange[] = []
  for (const door of new Set([lane.proving, ...lane.doors])) {
    const { exchange } = await lane.trial(door, { fields: lane.bench.fields(undefined) })
    if (door === lane.proving) await requireService(exchange, target, way)
    nobody.push(exchange)
  }
  // One that forgets to ask on some doors has authentication, and a fault that cases will find.
  const servesAnyone = nobody.every(({ answer }) => answer === 'OK')
  const refusalMs = Math.max(...nobody.map(({ elapsedMs }) => elapsedMs))
  const facts = { fingerprint, product, servesAnyone, refusalMs }
  if (servesAnyone) return { ...facts, hopeless: undefined }
  return { ...facts, hopeless: (await legalPeerRefused(target, lane, way)) ?? (await clockFault(target, lane)) }
}

async function fingerprintOf(target: Target): Promise<string | undefined> {
  const { address } = target.endpoint
  try {
    const connection = await target.connect()
    const { fingerprint } = connection
    connection.close()
    return fingerprint
  } catch (thrown) {
    const asked = { caFlag: '--ca', plaintext: `--target grpc://${address}` } as const
    throw new AppError('unavailable', `${address}: ${connectionFault(AppError.from(thrown).message, asked)}`)
  }
}

async function productOf({ api }: Target): Promise<string | undefined> {
  if (api === undefined) return undefined
  const answer = await api.send('GET', '/')
  const body = answer.status === 200 ? objectIn(answer.body) : {}
  const zones = await api.send('GET', '/zones?size=1')
  if (zones.status === 401 || zones.status === 403) {
    throw new AppError('unauthenticated', `the API refuses the user token (${zones.status}): ${reasonIn(zones)}`)
  }
  if (zones.status !== 200)
    throw new AppError('unavailable', `the API answers GET /zones with ${zones.status}; is it Kuma's?`)
  return typeof body.product === 'string' ? `${body.product} ${String(body.version ?? '')}`.trim() : undefined
}

const SERVICE: Readonly<Record<Way, string>> = { kds: 'KDS of a global', rest: 'a REST API', xds: 'xDS of a zone' }

/** The answer to a call that shows nothing is one of the service that is judged. Throws when it is not. */
async function requireService({ answer, status, text }: Exchange, target: Target, way: Way): Promise<void> {
  const { address } = target.endpoint
  const where = way === 'rest' ? target.apiEndpoint.url : address
  if (answer === 'TIMEOUT') {
    throw new AppError('timed-out', `${where} takes a connection, and then does not answer: ${text}`)
  }
  if (status === undefined && answer === 'CONNECTION') {
    throw new AppError('unavailable', `${where} hangs up on the first call (${text}); ${await speaksTls(target)}`)
  }
  const isGrpc = status !== undefined || answer === 'OK'
  if (way !== 'rest' && (!isGrpc || status === GRPC_STATUS.UNIMPLEMENTED)) {
    throw new AppError('unavailable', `what answers at ${where} is not ${SERVICE[way]}: ${text === '' ? answer : text}`)
  }
}

/** Whether one that does not speak as it was asked would with TLS. */
async function speaksTls(target: Target): Promise<string> {
  const { address, trust } = target.endpoint
  if (trust.kind !== 'plaintext') return 'is it the right port?'
  try {
    ;(await target.connect({ trust: { kind: 'skip-verify' } })).close()
    return `it speaks TLS: say --target ${address}, with --ca`
  } catch {
    return 'it does not speak HTTP/2, with TLS or without; is it the right port?'
  }
}
