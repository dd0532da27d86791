import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { probe } from './probe.js'
import type { Probe } from './result.js'

const HOST = '127.0.0.1'

/**
 * A web server that nobody has a reason to call: only tokens name it, so that who calls it has fetched what a token told it to.
 * It is on this machine's loopback, where a target that runs here reaches it.
 */
export class Canary {
  readonly #server: Server
  readonly #called = new Set<string>()

  constructor() {
    this.#server = createServer((request, response) => {
      this.#called.add(request.url ?? '')
      response.writeHead(404).end()
    })
    this.#server.unref()
  }

  async listen(): Promise<void> {
    this.#server.listen(0, HOST)
    await once(this.#server, 'listening')
  }

  /** A place that no other name has. */
  perch(name: string): Perch {
    return new Perch(
      () => `${this.#origin}/${name}`,
      () => this.#called.has(`/${name}`),
    )
  }

  get #origin(): string {
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** Of one lane. */
export class Perch {
  readonly #urlOf: () => string
  readonly #wasCalled: () => boolean
  #told = false

  constructor(urlOf: () => string, wasCalled: () => boolean) {
    this.#urlOf = urlOf
    this.#wasCalled = wasCalled
  }

  get url(): string {
    this.#told = true
    return this.#urlOf()
  }

  /** Where a token has named it. */
  probes(): readonly Probe[] {
    return this.#told ? [probe('nothing was fetched from where the token says', !this.#wasCalled(), this.#urlOf())] : []
  }
}
