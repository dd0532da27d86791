import type { Agent as HttpAgent, IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { type ActingUser, encodeActingUser } from '../auth/acting-user.js'
import { ADMIN } from '../auth/api-user.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { Agent as PlainAgent, request as plainRequest } from '../base/node-http.js'
import type { Feature } from './entities.js'
import type { Shard } from './shards.js'

export interface ShardRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly body?: Buffer
  /** Undefined: the manager on its own account, which alone may make and remove tenants. */
  readonly user: ActingUser | undefined
}

/** How one control plane is doing, as its global sees it. */
export interface TenantStatus {
  readonly zonesOnline: readonly string[]
  readonly zones: number
  readonly resources: number
  readonly revision: number
  readonly lastWriteMs: number | undefined
}

/** An answer's head; a body under way ends when its connection does. */
const ANSWER_WITHIN_MS = 30_000
const BODY_BYTES_MAX = 1024 * 1024
/** There was no connection. */
const UNREACHED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'])

/** One global deployment, over its REST API. Throws `unavailable` when it cannot be reached or does not do as asked. */
export class ShardClient {
  readonly shard: Shard
  readonly #clock: Clock
  readonly #ca: string | undefined
  readonly #agent: HttpAgent
  /** The instance that answered last. */
  #preferred = 0

  constructor(shard: Shard, clock: Clock, ca: string | undefined) {
    this.shard = shard
    this.#clock = clock
    this.#ca = ca
    this.#agent = shard.apis[0]?.startsWith('https:')
      ? new TlsAgent({ keepAlive: true })
      : new PlainAgent({ keepAlive: true })
  }

  /** Idempotent. */
  async makeTenant(id: string, features: readonly Feature[]): Promise<void> {
    await this.#expect([200, 201], 'POST', tenantPath(id), { features })
  }

  /** Idempotent: ends the streams of its zones and removes all that it has. */
  async removeTenant(id: string): Promise<void> {
    await this.#expect([204], 'DELETE', tenantPath(id))
  }

  async tenantStatus(id: string): Promise<TenantStatus> {
    return (await this.#expect([200], 'GET', tenantPath(id))) as TenantStatus
  }

  async hasTenant(id: string): Promise<boolean> {
    const { status } = await this.#exchange('GET', tenantPath(id), undefined)
    if (status !== 200 && status !== 404) throw this.#unexpected('GET', status)
    return status === 200
  }

  /** Another one each time that the deployment starts. */
  async instanceId(): Promise<string> {
    const answer = await this.#exchange('GET', '/', MANAGER)
    const { instanceId } = answer.status === 200 ? (JSON.parse(answer.text) as { instanceId?: unknown }) : {}
    if (typeof instanceId !== 'string') throw this.#unexpected('GET', answer.status)
    return instanceId
  }

  /** Whether there is a Zone of that name. */
  async hasZone(id: string, zone: string): Promise<boolean> {
    const answer = await this.#exchange('GET', `${apiPath(id)}/zones/${zone}`, MANAGER)
    if (answer.status === 200) return true
    if (answer.status === 404) return false
    throw this.#unexpected('GET', answer.status)
  }

  /** False: somebody was quicker. */
  async createZone(id: string, zone: string): Promise<boolean> {
    const body = { type: 'Zone', name: zone, enabled: true }
    const answer = await this.#exchange('PUT', `${apiPath(id)}/zones/${zone}`, MANAGER, body)
    if (answer.status !== 201 && answer.status !== 200) throw this.#unexpected('PUT', answer.status)
    return answer.status === 201
  }

  async deleteZone(id: string, zone: string): Promise<void> {
    const answer = await this.#exchange('DELETE', `${apiPath(id)}/zones/${zone}`, MANAGER)
    if (answer.status !== 200 && answer.status !== 404) throw this.#unexpected('DELETE', answer.status)
  }

  /** Sends a request on, to another instance where one does not take the connection; the answer's body is the caller's to read. */
  async send(request: ShardRequest): Promise<IncomingMessage> {
    const { apis, name } = this.shard
    let why: unknown
    for (const [offset] of apis.entries()) {
      const index = (this.#preferred + offset) % apis.length
      try {
        const answer = await this.#sendTo(apis[index] ?? '', request)
        this.#preferred = index
        return answer
      } catch (thrown) {
        why = thrown
        // Of any other failure nobody knows how far the request has got.
        if (!UNREACHED.has((thrown as NodeJS.ErrnoException).code ?? '')) break
      }
    }
    throw new AppError('unavailable', `the global deployment ${name} cannot be reached`, { cause: why })
  }

  close(): void {
    this.#agent.destroy()
  }

  #sendTo(api: string, { method, path, headers, body, user }: ShardRequest): Promise<IncomingMessage> {
    const { token } = this.shard
    const send = api.startsWith('https:') ? tlsRequest : plainRequest
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(api)
      // Taken apart by hand: a URL made of both would resolve the dots in a path, and lead into another control plane.
      const outgoing = send({
        hostname,
        port,
        path,
        method,
        agent: this.#agent,
        ...(this.#ca !== undefined && { ca: this.#ca }),
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          ...(user && encodeActingUser(user)),
          ...(body !== undefined && { 'content-length': String(body.length) }),
        },
      })
      const cancel = this.#clock.after(ANSWER_WITHIN_MS, () => outgoing.destroy(new Error('no answer in time')))
      outgoing.on('response', (answer) => {
        cancel()
        resolve(answer)
      })
      outgoing.on('error', (cause) => {
        cancel()
        reject(cause)
      })
      outgoing.end(body)
    })
  }

  async #expect(statuses: readonly number[], method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.#exchange(method, path, undefined, body)
    if (!statuses.includes(answer.status)) throw this.#unexpected(method, answer.status)
    return answer.text === '' ? undefined : (JSON.parse(answer.text) as unknown)
  }

  async #exchange(
    method: string,
    path: string,
    user: ActingUser | undefined,
    body?: object,
  ): Promise<{ status: number; text: string }> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const headers = { accept: 'application/json', ...(bytes && { 'content-type': 'application/json' }) }
    const answer = await this.send({ method, path, headers, user, ...(bytes && { body: bytes }) })
    const chunks: Buffer[] = []
    let size = 0
    try {
      for await (const chunk of answer) {
        size += (chunk as Buffer).length
        if (size > BODY_BYTES_MAX) throw new Error('the answer is too long')
        chunks.push(chunk as Buffer)
      }
    } catch (cause) {
      throw new AppError('unavailable', `the global deployment ${this.shard.name} broke off its answer`, { cause })
    }
    return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
  }

  #unexpected(method: string, status: number): AppError {
    return new AppError('unavailable', `the global deployment ${this.shard.name} answered ${method} with ${status}`)
  }
}

/** Who makes and removes a provisioned Zone. */
const MANAGER: ActingUser = { name: ADMIN, groups: [ADMIN] }

export function apiPath(id: string): string {
  return `/v1/mesh/control-planes/${id}/api`
}

function tenantPath(id: string): string {
  return `${apiPath(id)}/tenants`
}
