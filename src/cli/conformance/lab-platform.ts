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
  }

  static async prepare(options: ThrowAwayPlatformOptions): Promise<ThrowAwayPlatform> {
    const ports = new PortAllocator({ host: HOST, place: options.folder, reserved: [] })
    return new ThrowAwayPlatform(options, await ports.next())
  }

  /** What its global has to be told. */
  get globalSettings(): Readonly<Record<string, string | boolean>> {
    return {
      tenants: true,
      platformUrl: `http://${HOST}:${this.#port}/internal/shards/${SHARD}`,
      platformTokenFile: this.#tokenFile,
    }
  }

  get endpoint(): PlatformEndpoint {
    return {
      url: `http://${HOST}:${this.#port}`,
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
    const { values } = readPlatformConfig({
      file: {
        regions: `${REGION}=${this.#port}`,
        shards: JSON.stringify([shard]),
        organizations: 'main,other',
        adminTokenFile: this.#file('platform-admin'),
        store: this.#file('platform.db'),
        diagnosticsPort: 0,
      },
      env: {},
    })
    const { clock, log } = this.#options
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

  get #tokenFile(): string {
    return this.#file('shard-token')
  }

  #file(name: string): string {
    return join(this.#options.folder, name)
  }
}
