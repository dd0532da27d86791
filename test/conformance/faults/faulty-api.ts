import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as plainRequest,
  type Server,
  type ServerResponse,
} from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ApiEndpoint } from '../../../src/conformance/controller.js'
import type { Fault, Knowledge, RestAnswer, RestCall } from './fault.js'

type Upstream = Pick<ApiEndpoint, 'url' | 'caPem'>

/**
 * A gate that stands where a REST API would be, of a control plane or of a platform, beside one at KDS. Its fault is in what is
 * answered to whom, so that it holds each call and each answer whole; how a token travels is `RestGate`'s.
 */
export class FaultyApi {
  readonly #upstream: URL
  readonly #ca: string | undefined
  readonly #fault: Fault
  readonly #world: Knowledge
  readonly #server: Server

  private constructor({ url, caPem }: Upstream, fault: Fault, world: Knowledge) {
    this.#upstream = new URL(url)
    this.#ca = caPem
    this.#fault = fault
    this.#world = world
    this.#server = createServer((incoming, response) => {
      this.#take(incoming, response).catch(() => response.destroy())
    })
  }

  static async open(upstream: Upstream, fault: Fault, world: Knowledge): Promise<FaultyApi> {
    const gate = new FaultyApi(upstream, fault, world)
    gate.#server.listen(0, '127.0.0.1')
    await once(gate.#server, 'listening')
    return gate
  }

  /** Whatever path the upstream has, this has too. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}${this.#upstream.pathname.replace(/\/$/, '')}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await whole(incoming)
    const { method = 'GET', url: path = '/', headers } = incoming
    const authorization = headers.authorization
    const call: RestCall = { method, path, authorization, headers, body }
    const send = (sent: RestCall) => this.#send(sent)
    const answer = await (this.#fault.rest?.(call, this.#world, send) ?? send(call))
    response.writeHead(answer.status, answer.contentType === '' ? {} : { 'content-type': answer.contentType })
    response.end(answer.body)
  }

  #send({ method, path, authorization, headers, body }: RestCall): Promise<RestAnswer> {
    const { authorization: _sent, host: _gate, connection: _link, 'content-length': _length, ...rest } = headers
    const sent = { ...rest, ...(authorization !== undefined && { authorization }), 'content-length': body.length }
    const request = this.#upstream.protocol === 'https:' ? tlsRequest : plainRequest
    const options = { method, headers: sent, ...(this.#ca !== undefined && { ca: this.#ca }) }
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, this.#upstream), options, (answer) => {
        whole(answer).then((text) => {
          resolve({ status: answer.statusCode ?? 0, contentType: answer.headers['content-type'] ?? '', body: text })
        }, reject)
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
