import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { ROUTE_TABLE } from '../../../src/api/route-table.js'
import { signingKeyDraft } from '../../../src/auth/bootstrap-secrets.js'
import { dataplaneKeys, USER_KEYS, ZONE_KEYS } from '../../../src/auth/token-secrets.js'
import { systemClock } from '../../../src/base/clock.js'
import type { LogFields, Logger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { type GlobalEndpoints, GlobalProcess, type ProcessPorts } from '../../../src/global/compose.js'
import { readGlobalConfig } from '../../../src/global/config.js'
import type { Json } from '../../../src/model/json.js'
import { LABEL } from '../../../src/model/labels.js'
import { descriptorOf, RESOURCE_TYPES, type ResourceType } from '../../../src/model/registry.js'
import { parseTenantId, type TenantId } from '../../../src/model/tenant.js'
import type { ResourceStore, Write } from '../../../src/store/store.js'
import { draft, put } from '../../support/resource-builder.js'
import { Api } from '../kds/control-planes.js'

export const TENANTS: readonly TenantId[] = Array.from({ length: 50 }, (_, index) =>
  parseTenantId(`tenant-${String(index).padStart(2, '0')}`),
)

/** In every field of everything that a tenant has; no canary is part of another. */
export function canaryOf(tenant: TenantId): string {
  return `canary-${tenant.slice(-2)}x`
}

/** A name as long as a canary that nothing has. */
const NEVER = 'canary-99x'

/** What is somebody else's in a text that only `tenant` may see; undefined: that nobody may. */
export function foreignIn(text: string, tenant: TenantId | undefined): readonly TenantId[] {
  return TENANTS.filter((other) => {
    if (other === tenant) return false
    const canary = canaryOf(other)
    return [canary, base64Of(canary)].some((form) => text.includes(form))
  })
}

/** Secrets are base64 on the wire; three bytes are four characters, so a canary that begins on one is found whole. */
function base64Of(canary: string): string {
  return Buffer.from(canary).toString('base64').replaceAll('=', '')
}

/** Every type, with the tenant's canary in name, labels, spec, status and what it was synced from. */
export async function fill(store: ResourceStore): Promise<void> {
  const keys = [
    await signingKeyDraft(USER_KEYS),
    await signingKeyDraft(ZONE_KEYS),
    await signingKeyDraft(dataplaneKeys('default')),
  ]
  for (const tenant of TENANTS) {
    const canary = canaryOf(tenant)
    const writes: Write[] = [
      put(draft('Mesh', 'default', { labels: { team: canary } })),
      ...keys.map((key) => put(key)),
    ]
    for (const type of RESOURCE_TYPES) writes.push(put(canaryDraft(type, canary)))
    await store.tenant(tenant).commit(writes)
  }
}

function canaryDraft(type: ResourceType, canary: string) {
  const { hasStatus } = descriptorOf(type)
  const labels = { team: canary, [LABEL.displayName]: canary, [LABEL.origin]: 'global' }
  return draft(type, canary, {
    labels,
    spec: specOf(type, canary),
    ...(hasStatus && { status: { note: canary } }),
    syncedVersion: canary,
  })
}

function specOf(type: ResourceType, canary: string): Json {
  switch (type) {
    case 'Mesh':
      return { skipCreatingInitialPolicies: [canary] }
    case 'MeshInsight':
      return { policies: { [canary]: { total: 1 } }, dpVersions: { kumaDp: { [canary]: { total: 1 } } } }
    case 'ServiceInsight':
      return { services: { [canary]: { status: 'online', zones: [canary] } } }
    case 'Zone':
      return { enabled: false }
    case 'ZoneInsight':
    case 'DataplaneInsight':
      return {
        subscriptions: [{ id: canary, connectTime: '2026-01-01T00:00:00Z', disconnectTime: '2026-01-01T00:00:01Z' }],
      }
    case 'Config':
      return { config: canary }
    case 'Secret':
    case 'GlobalSecret':
      return { data: Buffer.from(canary).toString('base64') }
    case 'Dataplane':
      return { networking: { address: '127.0.0.1', inbound: [{ port: 80, tags: { team: canary } }] } }
    default:
      return { note: canary }
  }
}

/** A global over a store, and everything that comes out of it, with whom it was for. */
export class LeakLab {
  readonly #process: GlobalProcess
  readonly #taps: Tap[] = []
  readonly #abort = new AbortController()
  /** Log lines with the tenant that they are about. */
  readonly lines: { readonly text: string; readonly tenant: TenantId | undefined }[] = []
  endpoints: GlobalEndpoints = { apiHttp: 0, apiHttps: 0, kds: 0, diagnostics: 0 }

  constructor(openStore: NonNullable<ProcessPorts['openStore']>) {
    const file = {
      ...{ apiHttpPort: 0, apiHttpsPort: 0, diagnosticsPort: 0, kdsPort: 0, kdsTls: false, kdsAuth: 'none' },
      ...{ tenants: true, diagnosticsToken: 'token', subscriptionLimit: 10 },
    }
    const { values } = readGlobalConfig({ file, env: {} })
    const log = this.#logger({})
    this.#process = new GlobalProcess(values, { clock: systemClock, random: systemRandom, log, openStore })
  }

  async start(): Promise<void> {
    this.endpoints = await this.#process.start()
  }

  api(tenant: TenantId): Api {
    return new Api(this.endpoints.apiHttp, `/v1/mesh/control-planes/${tenant}/api`)
  }

  /** Headers and text of an answer, whatever its status; undefined: on the bare mount. */
  async text(tenant: TenantId | undefined, path: string, init: RequestInit = {}): Promise<string> {
    const answer = await this.#ask(tenant, path, init)
    return `${await answer.text()}\n${JSON.stringify([...answer.headers])}`
  }

  /** What another tenant, or the bare mount, reaches of a tenant's by its name: whatever is not answered as what never was. */
  async foreignReached(): Promise<readonly string[]> {
    const [tenant, other] = TENANTS as readonly [TenantId, TenantId]
    const foreign = canaryOf(other)
    const reached: string[] = []
    for (const asking of [tenant, undefined]) {
      for (const { method, path } of ROUTE_TABLE.filter(
        (row) => row.method !== 'POST' && /\{name\}|\{mesh\}/.test(row.path),
      )) {
        const answers = [foreign, NEVER].map(async (name) => {
          const url = path.replaceAll(/\{(name|mesh)\}/g, name).replaceAll(/\{\w+\}/g, 'x')
          const init = {
            method,
            ...(method === 'PUT' && { body: '{}', headers: { 'content-type': 'application/json' } }),
          }
          const answer = await this.#ask(asking, url, init)
          return `${answer.status} ${await answer.text()}`.replaceAll(name, '')
        })
        const [of, ofNone] = await Promise.all(answers)
        if (of !== ofNone) reached.push(`reached by ${method} ${path}, for ${asking ?? 'nobody'}: ${of}`)
      }
    }
    return reached
  }

  /** From now on; called, what there has been. */
  async hops(): Promise<() => readonly { readonly tenant: TenantId }[]> {
    const headers = { authorization: 'Bearer token' }
    const { signal } = this.#abort
    const answer = await fetch(`http://127.0.0.1:${this.endpoints.diagnostics}/hops`, { headers, signal })
    let text = ''
    void answer.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeTo(
        new WritableStream({
          write: (piece) => {
            text += piece
          },
        }),
      )
      .catch(() => {})
    return () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
  }

  #ask(tenant: TenantId | undefined, path: string, init: RequestInit): Promise<Response> {
    const mount = tenant === undefined ? '' : `/v1/mesh/control-planes/${tenant}/api`
    return fetch(`http://127.0.0.1:${this.endpoints.apiHttp}${mount}${path}`, init)
  }

  async diagnostics(path: string): Promise<string> {
    const headers = { authorization: 'Bearer token' }
    return (await fetch(`http://127.0.0.1:${this.endpoints.diagnostics}${path}`, { headers })).text()
  }

  /** Where a zone of that tenant dials; what goes over it is kept. */
  async tap(): Promise<Tap> {
    const tap = await Tap.to(this.endpoints.kds)
    this.#taps.push(tap)
    return tap
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await Promise.all(this.#taps.map((tap) => tap.close()))
    await this.#process.stop()
  }

  #logger(fixed: LogFields): Logger {
    const log = (message: string, fields: LogFields = {}) => {
      const all = { ...fixed, ...fields }
      const text = `${message} ${JSON.stringify(all, (_, value) => (value instanceof Error ? `${value.message} ${value.cause}` : value))}`
      this.lines.push({ text, tenant: TENANTS.find((tenant) => tenant === all.tenant) })
    }
    return { debug: log, info: log, warn: log, error: log, child: (fields) => this.#logger({ ...fixed, ...fields }) }
  }
}

/** A TCP hop that keeps every byte, both ways. */
export class Tap {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #chunks: Buffer[] = []

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, '127.0.0.1')
      for (const [from, to] of [[client, server] as const, [server, client] as const]) {
        this.#sockets.add(from)
        from.on('data', (chunk) => {
          this.#chunks.push(chunk)
          to.write(chunk)
        })
        from.on('error', () => to.destroy())
        from.on('close', () => to.destroy())
      }
    })
  }

  static async to(port: number): Promise<Tap> {
    const tap = new Tap(port)
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve))
    return tap
  }

  get address(): string {
    return `grpc://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
