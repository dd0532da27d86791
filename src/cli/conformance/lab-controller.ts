import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { systemRandom } from '../../base/random.js'
import {
  type Controller,
  HOOKS,
  type Instance,
  type InstanceConfig,
  type StartRefused,
} from '../../conformance/controller.js'
import { type GlobalEndpoints, GlobalProcess } from '../../global/compose.js'
import { readGlobalConfig } from '../../global/config.js'
import { writePrivateFile } from '../../lab/private-files.js'
import { openStore } from '../../store/open-store.js'
import { createCa, createServerCertificate } from '../../transport/tls.js'
import { FallibleStore } from './fallible-store.js'
import { ThrowAwayPlatform } from './lab-platform.js'
import { startOwnZone } from './lab-zone.js'
import { RecordedLog } from './recorded-log.js'

const HOST = '127.0.0.1'

/** Settings that say where what one target stores is kept. */
export interface InstanceStores {
  readonly global: StoreSettings
  readonly platform: StoreSettings
}

type StoreSettings = Readonly<Record<string, string>>

/** Asked once for each target; it starts again over the same. */
export type StoresOf = (folder: string) => Promise<InstanceStores>

const files: StoresOf = async (folder) => ({
  global: { store: join(folder, 'global.db') },
  platform: { store: join(folder, 'platform.db') },
})

/** Each target is a global in this process, over real sockets, with stores of its own; each zone is a process. */
export function labControllerOver(stores: StoresOf): Controller {
  return {
    exclusive: false,
    hooks: new Set(HOOKS),
    async start(config) {
      const global = new ThrowAwayGlobal(config, stores)
      try {
        await global.start()
        return global
      } catch (thrown) {
        await global.stop()
        return { kind: 'refused', text: AppError.from(thrown).message } satisfies StartRefused
      }
    },
    startZone: startOwnZone,
  }
}

/** The lab's own controller: what its targets store is in files. */
export const labController: Controller = labControllerOver(files)

class ThrowAwayGlobal implements Instance {
  readonly kind = 'running'
  readonly #config: InstanceConfig
  readonly #folder = mkdtempSync(join(tmpdir(), 'zonelab-conformance-'))
  readonly #ca = createCa({ name: 'zonelab conformance', nowMs: systemClock.nowMs() })
  readonly #clock = new ShiftedClock()
  readonly #log = new RecordedLog()
  readonly #storesOf: StoresOf
  #stores: InstanceStores | undefined
  #store: FallibleStore | undefined
  #process: GlobalProcess | undefined
  #platform: ThrowAwayPlatform | undefined
  #endpoints: GlobalEndpoints | undefined

  constructor(config: InstanceConfig, storesOf: StoresOf) {
    this.#config = config
    this.#storesOf = storesOf
    this.#writeCertificate()
  }

  async start(): Promise<void> {
    this.#stores ??= await this.#storesOf(this.#folder)
    if (this.#config.auth === 'sat') {
      const files = { certFile: this.#file('tls.crt'), keyFile: this.#file('tls.key'), caPem: this.#ca.certPem }
      const tls = (this.#config.tls ?? true) ? files : undefined
      const { platform: stored } = this.#stores
      const options = { folder: this.#folder, stored, tls, clock: this.#clock, log: this.#log }
      this.#platform ??= await ThrowAwayPlatform.prepare(options)
    }
    const ports = this.#endpoints
    const file = {
      apiHttpPort: ports?.apiHttp ?? 0,
      apiHttpsPort: ports?.apiHttps ?? 0,
      diagnosticsPort: ports?.diagnostics ?? 0,
      kdsPort: ports?.kds ?? 0,
      kdsAuth: this.#config.auth ?? 'zone-token',
      kdsTls: this.#config.tls ?? true,
      unsafeDelete: this.#config.unsafeDelete ?? false,
      openStreams: this.#config.openStreams ?? 'parity',
      zoneTokenUseSecrets: this.#config.useSecrets ?? true,
      zoneTokenPublicKeys: JSON.stringify((this.#config.publicKeys ?? []).map(({ kid, pem }) => ({ kid, key: pem }))),
      zoneTokenLeewayMs: `${this.#config.leewaySeconds ?? 0}s`,
      zoneTokenAudience: this.#config.audience ?? false,
      localhostIsAdmin: this.#config.localhostIsAdmin ?? false,
      zoneInsightFlushMs: '100ms',
      tlsCertFile: this.#file('tls.crt'),
      tlsKeyFile: this.#file('tls.key'),
      adminTokenFile: this.#file('admin-token'),
      ...this.#stores.global,
      ...(this.#config.admissionMaxAgeSeconds && { admissionMaxAgeMs: `${this.#config.admissionMaxAgeSeconds}s` }),
      ...this.#platform?.globalSettings,
    }
    const process = new GlobalProcess(readGlobalConfig({ file, env: {} }).values, {
      clock: this.#clock,
      random: systemRandom,
      log: this.#log,
      openStore: async (where, options) => {
        this.#store = new FallibleStore(await openStore(where, options))
        return this.#store
      },
    })
    this.#endpoints = await process.start()
    this.#process = process
    const { apiHttp, apiHttps, kds } = this.#endpoints
    const api = (this.#config.tls ?? true) ? `https://${HOST}:${apiHttps}` : `http://${HOST}:${apiHttp}`
    await this.#platform?.start({ api, sync: `grpcs://${HOST}:${kds}` })
  }

  get endpoint(): Instance['endpoint'] {
    const endpoints = this.#endpoints
    if (endpoints === undefined) throw new AppError('unavailable', 'this target has not started')
    const tls = this.#config.tls ?? true
    return {
      address: `${HOST}:${endpoints.kds}`,
      trust: tls ? { kind: 'ca', caPem: this.#ca.certPem } : { kind: 'plaintext' },
      ...(this.#platform
        ? { platform: this.#platform.endpoint }
        : {
            api: {
              url: `http://${HOST}:${endpoints.apiHttp}`,
              userToken: readFileSync(this.#file('admin-token'), 'utf8').trim(),
            },
          }),
    }
  }

  async restart(): Promise<void> {
    await this.#platform?.stop()
    await this.#process?.stop()
    await this.start()
  }

  async setClock(offsetMs: number): Promise<void> {
    this.#clock.offsetMs = offsetMs
  }

  async setStoreDown(down: boolean): Promise<void> {
    this.#store?.setDown(down)
  }

  async setPlatformDown(down: boolean): Promise<void> {
    await this.#platform?.setDown(down)
  }

  async replaceCertificate(): Promise<void> {
    this.#writeCertificate()
  }

  async log(): Promise<string> {
    return this.#log.text
  }

  async stop(): Promise<void> {
    await this.#platform?.stop()
    await this.#process?.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #writeCertificate(): void {
    const { certPem, keyPem } = createServerCertificate({ ca: this.#ca, nowMs: systemClock.nowMs() })
    writePrivateFile(this.#file('tls.key'), keyPem)
    writePrivateFile(this.#file('tls.crt'), certPem)
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }
}

/** The system's, with its hands turned. */
class ShiftedClock implements Clock {
  offsetMs = 0
  readonly nowMs = () => systemClock.nowMs() + this.offsetMs
  readonly monotonicMs = () => systemClock.monotonicMs()
  readonly after: Clock['after'] = (delayMs, callback) => systemClock.after(delayMs, callback)
}
