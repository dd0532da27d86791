import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { SCHEME_HEADER } from '../auth/acting-user.js'
import { ADMIN } from '../auth/api-user.js'
import { AppError } from '../base/errors.js'
import type { AuditAction } from './audit.js'
import type { Caller } from './caller.js'
import type { ControlPlane } from './entities.js'
import { judge, type Need } from './grants.js'
import type { ShardClient } from './shard-client.js'

/** A call of a tenant's own API, as it came. */
export interface RelayedCall {
  readonly method: string
  /** What follows `…/api`, decoded, with its slash; '' for the index. */
  readonly path: string
  /** The request line's path and query, as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly scheme: 'http' | 'https'
  readonly body: Buffer | undefined
}

/** What a call of the tenant's API needs of the caller: reading is for viewers too, all else for admins. */
export function neededFor({ method }: Pick<RelayedCall, 'method'>): Need {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : 'write'
}

/** Of one connection, or the manager's to say. */
const NOT_PASSED_ON = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'authorization',
  'cookie',
  'content-length',
])

/** Throws `not-found` for a path that is no tenant's, `unavailable` when its global is away. */
export function relay(
  shard: ShardClient,
  controlPlane: ControlPlane,
  caller: Caller,
  call: RelayedCall,
): Promise<IncomingMessage> {
  if (!isPassable(call)) throw new AppError('not-found', 'Not found')
  const { id, body } = controlPlane
  const isAdmin = judge(caller.grants, 'write', { id, region: body.region }) === 'allowed'
  return shard.send({
    method: call.method,
    path: call.url,
    headers: { ...passedOn(call.headers), [SCHEME_HEADER]: call.scheme },
    user: { name: caller.holder.name, groups: isAdmin ? [ADMIN] : [] },
    ...(call.body && { body: call.body }),
  })
}

/** The hand-off of tenants is between manager and global, and no path may climb out of its control plane. */
function isPassable({ path, url }: RelayedCall): boolean {
  const [raw = ''] = url.split('?')
  const climbs = raw.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) || /%2f|%5c|\\/i.test(raw)
  return !climbs && !/^\/+tenants(?:\/|$)/i.test(path)
}

export function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !NOT_PASSED_ON.has(name) && !/^x-(?:zonelab|forwarded)-/.test(name)),
  )
}

/** What the audit has to know of a call that was answered well; undefined: nothing. */
export function auditedAs({ method, path }: RelayedCall): { action: AuditAction; object: string } | undefined {
  const secret = /^\/(?:meshes\/[^/]+\/secrets|global-secrets|secrets)(?:\/([^/]+))?$/.exec(path)
  if (secret) {
    const [, name = ''] = secret
    const object = name === '' ? 'secrets' : `secret ${name}`
    if (method === 'GET') return { action: 'secret read', object }
    if (name.includes('-token-revocations')) return { action: 'revoke', object }
    if (name.includes('-token-signing-key')) return { action: 'rotate', object }
    return undefined
  }
  const [, kind] = /^\/tokens\/(\w+)$/.exec(path) ?? []
  return method === 'POST' && kind !== undefined ? { action: 'issue', object: `${kind} token` } : undefined
}

/** The zone that a call deletes. */
export function zoneDeletedBy({ method, path }: RelayedCall): string | undefined {
  return method === 'DELETE' ? /^\/zones\/([^/]+)$/.exec(path)?.[1] : undefined
}
