import { request as tlsRequest } from 'node:https'
import { type Clock, systemClock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { request as plainRequest } from '../base/node-http.js'
import { isJsonObject, type Json, type JsonObject, parseJson } from '../model/json.js'
import { connectionFault, type Dialled } from './connection-fault.js'
import type { ApiEndpoint } from './controller.js'

/** Most is answered in milliseconds; the RSA keys of a new control plane take seconds of a machine that is full. */
const ANSWER_WITHIN_MS = 30_000

export interface ApiAnswer {
  readonly status: number
  /** '' without one. */
  readonly contentType: string
  readonly body: string
}

/** As much of Kuma's REST API as a case asks: what came into being, and writing secrets. */
export class TargetApi {
  readonly #endpoint: ApiEndpoint
  readonly #clock: Clock
  readonly #caFlag: Dialled['caFlag']

  constructor(endpoint: ApiEndpoint, clock: Clock = systemClock, caFlag: Dialled['caFlag'] = '--api-ca') {
    this.#endpoint = endpoint
    this.#clock = clock
    this.#caFlag = caFlag
  }

  /** The answer, whatever its status. `as` replaces the user's credential; null sends none. Throws `unavailable`. */
  async send(
    method: string,
    path: string,
    body?: Json,
    as?: string | null,
    more: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const answer = await this.#once(method, path, body, as, more)
    // A connection kept alive may be given up by the server in the moment that it is used again.
    return answer.status === 408 && method !== 'POST' ? this.#once(method, path, body, as, more) : answer
  }

  async #once(
    method: string,
    path: string,
    body: Json | undefined,
    as: string | null | undefined,
    more: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer> {
    const { url, userToken, caPem } = this.#endpoint
    const target = new URL(`${url.replace(/\/$/, '')}${path}`)
    const token = as === undefined ? userToken : as
    const headers = {
      accept: 'application/json, text/plain',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && token !== null && { authorization: `Bearer ${token}` }),
      ...more,
    }
    const options = { method, headers, ...(caPem !== undefined && { ca: caPem }) }
    return new Promise((resolve, reject) => {
      const asked = { caFlag: this.#caFlag, plaintext: `http://${target.host}` }
      const fail = (why: string) =>
        reject(new AppError('unavailable', `the API at ${target.origin}: ${connectionFault(why, asked)}`))
      const outgoing = (target.protocol === 'https:' ? tlsRequest : plainRequest)(target, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', () => fail('it broke off its answer'))
        response.on('end', () => {
          cancel()
          const { statusCode: status = 0, headers: said } = response
          resolve({ status, contentType: said['content-type'] ?? '', body: Buffer.concat(chunks).toString() })
        })
      })
      const cancel = this.#clock.after(ANSWER_WITHIN_MS, () =>
        outgoing.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)),
      )
      outgoing.on('error', (error) => {
        cancel()
        fail(error.message)
      })
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** Undefined: not there. Throws `unavailable`, and `permission-denied` with what it said for anything but 200 and 404. */
  async get(path: string): Promise<JsonObject | undefined> {
    const answer = await this.send('GET', path)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw refusal('GET', path, answer)
    const value = parseJson(answer.body)
    if (!isJsonObject(value)) throw new AppError('undecodable', `the API answers GET ${path} with no JSON object`)
    return value
  }

  async put(path: string, body: JsonObject): Promise<void> {
    const answer = await this.send('PUT', path, body)
    if (answer.status !== 200 && answer.status !== 201) throw refusal('PUT', path, answer)
  }

  /** What is not there is as good as deleted. */
  async delete(path: string): Promise<void> {
    const answer = await this.send('DELETE', path)
    if (![200, 204, 404].includes(answer.status)) throw refusal('DELETE', path, answer)
  }

  /** A token endpoint's answer: the bare token. */
  async issue(path: string, body: JsonObject): Promise<string> {
    const answer = await this.send('POST', path, body)
    if (answer.status !== 200) throw refusal('POST', path, answer)
    return answer.body
  }
}

function refusal(method: string, path: string, answer: ApiAnswer): AppError {
  const { status } = answer
  const said = `${method} ${path} with ${status}: ${reasonIn(answer)}`
  if (status === 401) return new AppError('unauthenticated', `the API refuses the user token: it answers ${said}`)
  return new AppError('permission-denied', `the API answers ${said}`)
}

/** Bodies of errors hold no secret; they are cut all the same, for they are a stranger's. */
export function reasonIn({ body }: ApiAnswer): string {
  const { detail, title } = objectIn(body)
  return String(detail ?? title ?? body)
    .trim()
    .slice(0, 200)
}

/** Empty for what is no JSON object. */
export function objectIn(body: string): JsonObject {
  try {
    const value = parseJson(body)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}
