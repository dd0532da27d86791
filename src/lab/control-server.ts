import { chmodSync, rmSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { AppError } from '../base/errors.js'
import { createServer } from '../base/node-http.js'
import type { LabView } from './lab-view.js'
import { makePrivateDir } from './private-files.js'
import type { ComponentAction } from './supervisor.js'

/** What commands may ask of a lab's supervisor. */
export interface ControlHandlers {
  view(): LabView
  act(action: ComponentAction, component: string, tenant: string | undefined): Promise<void>
  /** Ends and removes what the lab has of a control plane that was deleted; who shares a process with it goes on. */
  forget(tenant: string): Promise<void>
  /** Ends all processes; the answer is sent when they have ended, and then the supervisor ends too. */
  down(): Promise<void>
}

const ACTIONS: readonly ComponentAction[] = ['start', 'stop', 'kill', 'restart', 'pause', 'resume']

/** An order is a few words. */
const BODY_BYTES_MAX = 64 * 1024

/** JSON over HTTP on a unix socket that only its owner can open. Who holds the socket owns the lab. */
export class ControlServer {
  readonly #socket: string
  readonly #server: Server

  constructor(socket: string, handlers: ControlHandlers) {
    this.#socket = socket
    this.#server = createServer((request, response) => {
      void answer(request, response, handlers)
    })
  }

  /** Throws `store-locked` when a live supervisor has the lab. A socket that nobody answers on is replaced. */
  async start(): Promise<void> {
    makePrivateDir(dirname(this.#socket))
    if (await isAnswered(this.#socket)) {
      throw new AppError('store-locked', `another process runs this lab (${this.#socket} is in use)`)
    }
    rmSync(this.#socket, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#socket, resolve)
    })
    chmodSync(this.#socket, 0o600)
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
      this.#server.closeIdleConnections()
    })
    rmSync(this.#socket, { force: true })
  }
}

function isAnswered(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

async function answer(request: IncomingMessage, response: ServerResponse, handlers: ControlHandlers): Promise<void> {
  try {
    const result = await dispatch(`${request.method} ${request.url}`, await readBody(request), handlers)
    send(response, 200, result ?? {})
  } catch (thrown) {
    const { code, message, description } = AppError.from(thrown)
    send(response, description.http, { code, message })
  }
}

async function dispatch(route: string, body: unknown, handlers: ControlHandlers): Promise<unknown> {
  switch (route) {
    case 'GET /view':
      return handlers.view()
    case 'POST /components': {
      const { action, component, tenant } = body as { action?: unknown; component?: unknown; tenant?: unknown }
      const known = ACTIONS.find((candidate) => candidate === action)
      if (known === undefined || typeof component !== 'string') throw malformed()
      return handlers.act(known, component, typeof tenant === 'string' ? tenant : undefined)
    }
    case 'POST /forgotten-tenants': {
      const { tenant } = body as { tenant?: unknown }
      if (typeof tenant !== 'string') throw malformed()
      return handlers.forget(tenant)
    }
    case 'POST /down':
      return handlers.down()
    default:
      throw new AppError('not-found', `the supervisor has no ${route}`)
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (bytes > BODY_BYTES_MAX) throw new AppError('too-large', `an order has at most ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk as Buffer)
  }
  if (bytes === 0) return {}
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (typeof body === 'object' && body !== null) return body
  } catch {
    // Reported below, as anything else that is not an object.
  }
  throw malformed()
}

function malformed(): AppError {
  return new AppError('invalid-argument', 'the supervisor does not understand this order')
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body))
}
