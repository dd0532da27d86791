import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Send = (status: number, value?: unknown) => void

interface FakeTenant {
  readonly zones: Set<string>
  readonly online: Set<string>
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** As much of a global as a manager speaks to: tenants and their zones, in memory. Checks the manager's token on every call. */
export class FakeGlobal {
  readonly tenants = new Map<string, FakeTenant>()
  /** What was relayed for somebody. */
  readonly seen: SeenRequest[] = []
  /** Called for each hand-over before it is answered; one that throws breaks the connection off. */
  onHandOver: (id: string) => void | Promise<void> = () => {}
  onRemoval: (id: string) => void | Promise<void> = () => {}
  readonly #token: string
  #instance = 1
  #server: Server | undefined
  #port = 0

  constructor(token: string) {
    this.#token = token
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** On the port that it had. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response))
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }

  /** As after a restart without a database. */
  forget(): void {
    this.tenants.clear()
    this.#instance += 1
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    const { method = '', url = '', headers } = request
    const [, id = '', rest = ''] = /^\/v1\/mesh\/control-planes\/([^/]+)\/api(.*)$/.exec(url) ?? []
    const send: Send = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(value === undefined ? '' : JSON.stringify(value))
    }
    if (headers.authorization !== `Bearer ${this.#token}`) {
      send(401)
      return
    }
    if (url === '/') {
      send(200, { instanceId: `instance-${this.#instance}` })
      return
    }
    if (rest === '/tenants') {
      try {
        await this.#tenant(method, id, send)
      } catch {
        request.socket.destroy()
      }
      return
    }
    const tenant = this.tenants.get(id)
    if (!tenant) {
      send(404)
      return
    }
    this.seen.push({ method, path: rest, headers, body })
    const [, zone] = /^\/zones\/([^/?]+)$/.exec(rest) ?? []
    if (zone === undefined) send(200, { asked: rest })
    else zoneOf(method, tenant, zone, send)
  }

  async #tenant(method: string, id: string, send: Send): Promise<void> {
    const there = this.tenants.get(id)
    switch (method) {
      case 'POST':
        await this.onHandOver(id)
        this.tenants.set(id, there ?? { zones: new Set(), online: new Set() })
        send(there ? 200 : 201, { id })
        return
      case 'GET':
        if (there) send(200, { zonesOnline: [...there.online], zones: there.zones.size, resources: 7, revision: 9 })
        else send(404)
        return
      default:
        await this.onRemoval(id)
        this.tenants.delete(id)
        send(204)
    }
  }
}

function zoneOf(method: string, { zones }: FakeTenant, zone: string, send: Send): void {
  const there = zones.has(zone)
  if (method === 'PUT') {
    zones.add(zone)
    send(there ? 200 : 201, {})
    return
  }
  if (method === 'DELETE') zones.delete(zone)
  send(there ? 200 : 404, {})
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
