import type { ClientRequest, IncomingMessage } from 'node:http'
import type { AdmissionChange, AdmissionTable } from '../auth/admission-table.js'
import { type BackoffPolicy, backoffDelayMs } from '../base/backoff.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { type FeedLine, FeedReader } from '../wire/admission-feed.js'
import { askPlatform, type PlatformTarget } from './platform-target.js'

export interface PlatformFeedOptions {
  readonly target: PlatformTarget
  readonly table: AdmissionTable
  readonly onChange: (change: AdmissionChange) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const BACKOFF: BackoffPolicy = { baseMs: 200, capMs: 5_000, jitter: 0.5 }
/** The platform's heart beats every second; who misses three is taken for dead, and asked anew. */
const SILENCE_MS_MAX = 3_500

/** Keeps the admission table current: one feed at a time, opened again whenever it ends. */
export class PlatformFeed implements Component {
  readonly name = 'platform-feed'
  readonly #options: PlatformFeedOptions
  #request: ClientRequest | undefined
  #cancelTimer: Cancel = () => {}
  #attempt = 0
  #stopped = false

  constructor(options: PlatformFeedOptions) {
    this.#options = options
  }

  /** Does not wait for the platform: without it nobody new is let in by access token, and the rest goes on. */
  async start(): Promise<void> {
    this.#open()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer()
    this.#request?.destroy()
  }

  #open(): void {
    const connection: Connection = { over: false, end: (why) => this.#ended(connection, why) }
    this.#expectWord(connection)
    try {
      const request = askPlatform(this.#options.target, 'GET', '/feed', (response) => this.#read(response, connection))
      this.#request = request
      request.on('error', (error) => connection.end(error.message))
      request.on('close', () => connection.end('the connection was closed'))
      request.end()
    } catch (thrown) {
      connection.end(AppError.from(thrown).message)
    }
  }

  #read(response: IncomingMessage, connection: Connection): void {
    if (response.statusCode !== 200) {
      connection.end(`it answered with status ${response.statusCode}`)
      return
    }
    const reader = new FeedReader()
    response.on('data', (piece: Buffer) => {
      if (connection.over) return
      this.#expectWord(connection)
      try {
        for (const line of reader.push(piece)) this.#take(line)
      } catch (thrown) {
        connection.end(AppError.from(thrown).message)
      }
    })
    response.on('end', () => connection.end('the platform ended it'))
    response.on('error', (error) => connection.end(error.message))
  }

  #take(line: FeedLine): void {
    const { table, clock, log, onChange } = this.#options
    onChange(table.apply(line, clock.monotonicMs()))
    if (line.kind !== 'complete') return
    log.info("the platform's feed is whole", { revision: line.revision })
    this.#attempt = 0
  }

  #expectWord(connection: Connection): void {
    this.#cancelTimer()
    const why = `no word in ${SILENCE_MS_MAX} ms`
    this.#cancelTimer = this.#options.clock.after(SILENCE_MS_MAX, () => connection.end(why))
  }

  #ended(connection: Connection, why: string): void {
    if (connection.over || this.#stopped) return
    connection.over = true
    this.#request?.destroy()
    this.#cancelTimer()
    const { clock, random, log } = this.#options
    const delayMs = backoffDelayMs(BACKOFF, this.#attempt, random)
    log.warn("the platform's feed is away", { why, delayMs })
    this.#attempt += 1
    this.#cancelTimer = clock.after(delayMs, () => this.#open())
  }
}

interface Connection {
  over: boolean
  end(why: string): void
}
