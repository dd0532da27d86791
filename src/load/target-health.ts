import type { Clock } from '../base/clock.js'
import { AppError, type ErrorCode } from '../base/errors.js'
import { GrpcClient } from '../transport/grpc/client.js'
import { KDS } from '../wire/kds-service.js'
import { parseGlobalAddress } from '../zone/grpc-connection.js'
import type { LoadTarget } from './target.js'

const ANSWER_WITHIN_MS = 5_000

/** Statuses that come from the way to a server, not from the server. */
const NOBODY_THERE: readonly ErrorCode[] = ['unavailable', 'timed-out']

/** Why zones and writes would not get through; undefined: the API lists its zones, and KDS speaks gRPC. */
export async function whySilent(target: LoadTarget, clock: Clock): Promise<string | undefined> {
  try {
    for (const tenant of target.api ? target.tenants : []) await target.api?.(tenant).get('/zones?size=1')
  } catch (thrown) {
    return AppError.from(thrown).message
  }
  return whyKdsIsSilent(target, clock)
}

/** A call that names no zone: whatever answers it refuses it before anything of it is kept, and has answered all the same. */
async function whyKdsIsSilent({ address, trust }: LoadTarget, clock: Clock): Promise<string | undefined> {
  const { target } = parseGlobalAddress(address)
  const client = new GrpcClient({ target, trust, headers: () => ({}), clock })
  try {
    await client.unary(KDS.HealthCheck, undefined, ANSWER_WITHIN_MS)
    return undefined
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    return NOBODY_THERE.includes(code) ? `KDS at ${address}: ${message}` : undefined
  } finally {
    client.close()
  }
}

/** `Kuma 3.0.0`, as its API says; undefined where there is none, or it does not. */
export async function versionOf({ api, tenants }: LoadTarget): Promise<string | undefined> {
  try {
    const said = await api?.(tenants[0] ?? '').get<{ product?: unknown; version?: unknown }>('/')
    const { product, version } = said ?? {}
    return typeof product === 'string' && typeof version === 'string' ? `${product} ${version}` : undefined
  } catch {
    return undefined
  }
}
