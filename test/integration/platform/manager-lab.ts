import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../src/base/clock.js'
import { type Logger, silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { PlatformProcess } from '../../../src/platform/compose.js'
import { readPlatformConfig } from '../../../src/platform/config.js'
import { FakeGlobal } from './fake-global.js'

export const OPERATOR_TOKEN = randomBytes(16).toString('hex')

/** The lab's first organisation, whose admin asks where nobody else is named. */
const FIRST = 'acme'

/** A manager with stand-ins for its globals, over real sockets, that can be ended and started again. */
export class ManagerLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'zonelab-manager-'))
  readonly clock: Clock
  readonly globals = new Map<string, FakeGlobal>()
  readonly #shards: Readonly<Record<string, string>>
  readonly #organizations: readonly string[]
  readonly #log: Logger
  #store: string
  #manager: PlatformProcess | undefined
  #ports: Readonly<Record<string, number>> = {}

  /** `shards`: name → region. `store`: a Postgres URL instead of a file. `organizations`: `acme` first. */
  constructor(
    shards: Readonly<Record<string, string>> = { 'us-1': 'us' },
    ports: {
      readonly log?: Logger
      readonly clock?: Clock
      readonly store?: string
      readonly organizations?: readonly string[]
    } = {},
  ) {
    this.#shards = shards
    this.#store = ports.store ?? join(this.folder, 'manager.db')
    this.#organizations = ports.organizations ?? [FIRST, 'other']
    this.#log = ports.log ?? silentLogger
    this.clock = ports.clock ?? systemClock
    for (const name of Object.keys(shards)) {
      const token = randomBytes(16).toString('hex')
      writeFileSync(this.tokenFile(name), token)
      this.globals.set(name, new FakeGlobal(token))
    }
  }

  async start(): Promise<this> {
    for (const global of this.globals.values()) await global.start()
    await this.startManager()
    return this
  }

  async stop(): Promise<void> {
    await this.stopManager()
    for (const global of this.globals.values()) await global.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async startManager(apis: Readonly<Record<string, string>> = {}): Promise<void> {
    const shards = Object.entries(this.#shards).map(([name, region]) => {
      const api = apis[name] ?? this.global(name).url
      return { name, region, api, sync: 'grpcs://127.0.0.1:5685', tokenFile: this.tokenFile(name) }
    })
    const regions = [...new Set(Object.values(this.#shards))].map((region) => `${region}=0`).join(',')
    const { values } = readPlatformConfig({
      file: {
        regions,
        shards: JSON.stringify(shards),
        organizations: this.#organizations.join(','),
        adminTokenFile: join(this.folder, 'admin'),
        store: this.#store,
        diagnosticsPort: 0,
        tls: false,
        diagnosticsToken: OPERATOR_TOKEN,
      },
      env: {},
    })
    this.#manager = new PlatformProcess(values, { clock: this.clock, random: systemRandom, log: this.#log })
    this.#ports = await this.#manager.start()
  }

  async stopManager(): Promise<void> {
    await this.#manager?.stop()
    this.#manager = undefined
  }

  /** The next life finds the store, a file, as it is now; what this one still does is seen by nobody. */
  async crashManager(): Promise<void> {
    const image = `${this.#store}.crashed`
    for (const suffix of ['', '-wal']) copyFileSync(`${this.#store}${suffix}`, `${image}${suffix}`)
    for (const global of this.globals.values()) await global.stop()
    await this.stopManager()
    this.#store = image
    for (const global of this.globals.values()) await global.start()
  }

  global(name = 'us-1'): FakeGlobal {
    const global = this.globals.get(name)
    if (!global) throw new Error(`the lab has no shard ${name}`)
    return global
  }

  shardToken(shard: string): string {
    return readFileSync(this.tokenFile(shard), 'utf8')
  }

  tokenFile(shard: string): string {
    return join(this.folder, `${shard}.token`)
  }

  /** Of an organisation's first admin. */
  adminToken(organization = FIRST): string {
    return readFileSync(join(this.folder, organization === FIRST ? 'admin' : `admin.${organization}`), 'utf8')
  }

  url(region = 'us'): string {
    return `http://127.0.0.1:${this.#ports[region]}`
  }

  get operatorUrl(): string {
    return `http://127.0.0.1:${this.#ports.diagnostics}`
  }

  /** A call of the manager, by default as the first organisation's admin, at the address of `us`. */
  call(method: string, path: string, options: CallOptions & { readonly region?: string } = {}): Promise<Answer> {
    return call(`${this.url(options.region)}${path}`, method, { token: this.adminToken(), ...options })
  }

  /** Every control plane, as whoever operates the manager sees them. */
  async overview(): Promise<readonly Record<string, unknown>[]> {
    return (await call(`${this.operatorUrl}/control-planes`, 'GET', { token: OPERATOR_TOKEN })).body.items
  }

  /** What was done to a control plane. */
  async audit(controlPlane: string): Promise<readonly Record<string, unknown>[]> {
    const { body } = await call(`${this.operatorUrl}/audit?controlPlane=${controlPlane}`, 'GET', {
      token: OPERATOR_TOKEN,
    })
    return body.items
  }

  /** The id of a new control plane. */
  async newControlPlane(name: string, options: CallOptions & { readonly region?: string } = {}): Promise<string> {
    const { status, body } = await this.call('POST', '/v1/mesh/control-planes', { body: { name }, ...options })
    if (status !== 201) throw new Error(`no control plane was made: ${status} ${JSON.stringify(body)}`)
    return body.id
  }

  /** A new system account with these roles on control planes, and a token of it. */
  async newAccount(name: string, ...roles: readonly Role[]): Promise<{ readonly id: string; readonly token: string }> {
    const { body: account } = await this.call('POST', '/v3/system-accounts', { body: { name, description: '' } })
    for (const role of roles) await this.assign(`/v3/system-accounts/${account.id}`, role)
    const expires_at = new Date(this.clock.nowMs() + 3_600_000).toISOString()
    const path = `/v3/system-accounts/${account.id}/access-tokens`
    const { body } = await this.call('POST', path, { body: { name: 't', expires_at } })
    return { id: account.id, token: body.token }
  }

  async assign(holderPath: string, { role, on = '*', region = '*' }: Role): Promise<Answer> {
    const entity = { entity_id: on, entity_type_name: 'Mesh Control Planes', entity_region: region }
    return this.call('POST', `${holderPath}/assigned-roles`, { body: { role_name: role, ...entity } })
  }
}

export interface Role {
  readonly role: string
  readonly on?: string
  readonly region?: string
}

export interface CallOptions {
  /** Null: none is sent. */
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every endpoint, which tests look into
  readonly body: any
  readonly headers: Headers
}

/** One call, as curl would make it. */
export async function call(url: string, method: string, options: CallOptions = {}): Promise<Answer> {
  const { token, body, headers = {} } = options
  const response = await fetch(url, {
    method,
    headers: {
      ...(token != null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, headers: response.headers, body: /json/.test(type) ? JSON.parse(text) : text }
}
