import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AdmissionEvent, decodeEvents } from '../../../src/wire/admission-events.js'
import { encodeFeedLine, type FeedLine } from '../../../src/wire/admission-feed.js'

const SHARD = '/internal/shards/shard-1'

/** The platform's side of the admission feed: a state, its changes, and what globals tell. */
export class FakePlatform {
  readonly events: AdmissionEvent[] = []
  readonly token = 'the-token-of-the-shard'
  state: readonly FeedLine[] = []
  /** Answers 503 to everything. */
  isAway = false
  beats = true
  connections = 0
  readonly #feeds = new Set<ServerResponse>()
  readonly #server: Server
  #revision = 1
  readonly #heart: NodeJS.Timeout

  constructor() {
    this.#server = createServer((request, response) => {
      if (this.isAway || request.headers.authorization !== `Bearer ${this.token}`) {
        response.writeHead(this.isAway ? 503 : 401).end()
      } else if (request.url === `${SHARD}/feed`) this.#feed(response)
      else if (request.url === `${SHARD}/events`) {
        const pieces: Buffer[] = []
        request.on('data', (piece: Buffer) => pieces.push(piece))
        request.on('end', () => {
          this.events.push(...decodeEvents(JSON.parse(Buffer.concat(pieces).toString())))
          response.writeHead(202).end()
        })
      } else response.writeHead(404).end()
    })
    this.#heart = setInterval(() => this.beats && this.#say({ kind: 'heartbeat', revision: this.#revision }), 100)
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${SHARD}`
  }

  /** A change; `state` is the test's to keep. */
  say(...lines: readonly FeedLine[]): void {
    this.#revision += 1
    for (const line of lines) this.#say(line)
  }

  /** Cuts the feeds; a global comes back by itself. */
  cut(): void {
    for (const feed of this.#feeds) feed.destroy()
  }

  async close(): Promise<void> {
    clearInterval(this.#heart)
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #feed(response: ServerResponse): void {
    this.connections += 1
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const revision = this.#revision
    for (const line of [{ kind: 'reset', revision } as const, ...this.state, { kind: 'complete', revision } as const]) {
      response.write(encodeFeedLine(line))
    }
    this.#feeds.add(response)
    response.on('close', () => this.#feeds.delete(response))
  }

  #say(line: FeedLine): void {
    for (const feed of this.#feeds) feed.write(encodeFeedLine(line))
  }
}
