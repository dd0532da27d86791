import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.js'
import type { Logger } from '../../base/log.js'
import { systemRandom } from '../../base/random.js'
import type { PlatformEndpoint } from '../../conformance/controller.js'
import { PortAllocator } from '../../lab/ports.js'
import { writePrivateFile } from '../../lab/private-files.js'
import { PlatformProcess } from '../../platform/compose.js'
import { readPlatformConfig } from '../../platform/config.js'

const HOST = '127.0.0.1'
const REGION = 'us'
const SHARD = 'us-1'

export interface ThrowAwayPlatformOptions {
  readonly folder: string
  /** Settings that say where what it stores is kept. */
  readonly stored: Readonly<Record<string, string>>
  /** What it serves with, as its global does, and whom both trust; undefined: plaintext. */
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly caPem: string } | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** Where the API of its global is, and where zones dial. */
interface GlobalPlace {
  readonly api: string
  readonly sync: string
}

/** A platform of two organisations with one global, in this process; its port is known before it starts. */
export class ThrowAwayPlatform {
  readonly #options: ThrowAwayPlatformOptions
  readonly #port: number
  #process: PlatformProcess | undefined
  #global: GlobalPlace | undefined

  private constructor(options: ThrowAwayPlatformOptions, port: number) {
    this.#options = options
    this.#port = port
    writePrivateFile(this.#tokenFile, randomBytes(16).toString('hex'))
    if (options.tls) writePrivateFile(this.#file('platform-ca.crt'), options.tls.caPem)
  }

  static async prepare(options: ThrowAwayPlatformOptions): Promise<ThrowAwayPlatform> {
    const ports = new PortAllocator({ host: HOST, place: options.folder, reserved: [] })
    return new ThrowAwayPlatform(options, await ports.next())
  }

  /** What its global has to be told. */
  get globalSettings(): Readonly<Record<string, string | boolean>> {
    return {
      tenants: true,
      platformUrl: `${this.#url}/internal/shards/${SHARD}`,
      platformCaFile: this.#caFile,
      platformTokenFile: this.#tokenFile,
    }
  }

  get endpoint(): PlatformEndpoint {
    return {
      url: this.#url,
      ...(this.#options.tls && { caPem: this.#options.tls.caPem }),
      userToken: this.#adminToken(''),
      otherUserToken: this.#adminToken('.other'),
      region: REGION,
    }
  }

  async start(global: GlobalPlace): Promise<void> {
    this.#global = global
    const shard = {
      name: SHARD,
      region: REGION,
      ...global,
      tokenFile: this.#tokenFile,
    }
    const { clock, log, tls } = this.#options
    const { values } = readPlatformConfig({
      file: {
        ...(tls ? { tlsCertFile: tls.certFile, tlsKeyFile: tls.keyFile } : { tls: false }),
        shardCaFile: this.#caFile,
        regions: `${REGION}=${this.#port}`,
        shards: JSON.stringify([shard]),
        organizations: 'main,other',
        adminTokenFile: this.#file('platform-admin'),
        ...this.#options.stored,
        diagnosticsPort: 0,
      },
      env: {},
    })
    this.#process = new PlatformProcess(values, { clock, random: systemRandom, log })
    await this.#process.start()
  }

  async setDown(down: boolean): Promise<void> {
    if (down) await this.stop()
    else if (this.#global) await this.start(this.#global)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
    this.#process = undefined
  }

  #adminToken(ending: string): string {
    return readFileSync(`${this.#file('platform-admin')}${ending}`, 'utf8').trim()
  }

  get #url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://${HOST}:${this.#port}`
  }

  get #caFile(): string {
    return this.#options.tls ? this.#file('platform-ca.crt') : ''
  }

  get #tokenFile(): string {
    return this.#file('shard-token')
  }

  #file(name: string): string {
    return join(this.#options.folder, name)
  }
}
