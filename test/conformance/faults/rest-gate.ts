import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Call, Fault, Field, World } from './fault.js'

/** A gate that stands where a REST API would be, and has one fault. A fault sees a token as on KDS, without its scheme. */
export class RestGate {
  readonly #upstream: URL
  readonly #fault: Fault
  readonly #world: World
  readonly #server: Server

  private constructor(upstream: string, fault: Fault, world: World) {
    this.#upstream = new URL(upstream)
    this.#fault = fault
    this.#world = world
    this.#server = createServer((incoming, response) => {
      this.#take(incoming, response).catch(() => response.destroy())
    })
  }

  static async open(upstream: string, fault: Fault, world: World): Promise<RestGate> {
    const gate = new RestGate(upstream, fault, world)
    gate.#server.listen(0, '127.0.0.1')
    await once(gate.#server, 'listening')
    return gate
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const call: Call = { fields: fieldsOf(incoming), connection: new Set() }
    const weakened = (await this.#fault.weaken?.(call, this.#world)) ?? call
    if ('kind' in weakened) throw new Error(`a fault at REST answers nothing itself: ${this.#fault.name}`)
    const isMade = weakened !== call
    const headers = weakened.fields.filter(([name]) => name !== ':path').map((one) => withScheme(one, incoming, isMade))
    const { hostname: host, port } = this.#upstream
    const { method = 'GET', url: path = '/' } = incoming
    // As they came, twice what was sent twice.
    const outgoing = request({ host, port, method, path, headers: headers.flat() as never })
    outgoing.on('error', () => response.destroy())
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    incoming.pipe(outgoing)
  }
}

const SCHEME = 'Bearer '

function fieldsOf({ rawHeaders, url = '/' }: IncomingMessage): readonly Field[] {
  const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, at): Field => {
    const [name, value] = [(rawHeaders[2 * at] ?? '').toLowerCase(), rawHeaders[2 * at + 1] ?? '']
    return [name, name === 'authorization' && value.startsWith(SCHEME) ? value.slice(SCHEME.length) : value]
  })
  return [[':path', url], ...pairs]
}

/** A credential that came with its scheme, or that a fault has made, goes on with it. */
function withScheme([name, value]: Field, { headers }: IncomingMessage, isMade: boolean): Field {
  const hasScheme = isMade || headers.authorization?.startsWith(SCHEME)
  return [name, name === 'authorization' && hasScheme ? `${SCHEME}${value}` : value]
}
