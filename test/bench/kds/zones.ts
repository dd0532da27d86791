import { CP_ID_HEADER } from '../../../src/auth/zone-call.js'
import type { Duplex } from '../../../src/protocol/duplex.js'
import type { DeltaRequest } from '../../../src/protocol/messages.js'
import { HEADER_FEATURES } from '../../../src/sync/features.js'
import { CONTROL_PLANE_VERSION, fullNode, shortNode } from '../../../src/sync/sync-node.js'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import { decodeKdsResponse, encodeDeltaRequest } from '../../../src/wire/delta-codec.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { zoneHeaders } from '../../../src/wire/metadata.js'
import type { Method } from '../../../src/wire/method.js'
import { offer } from '../child.js'
import { glance } from './frame.js'

export interface ConnectOptions {
  readonly port: number
  readonly names: readonly string[]
  readonly types: readonly string[]
  /** Say what is held, as our zones do on a reconnect; else everything is sent. */
  readonly resume: boolean
  /** Read the messages, so that a later `resume` knows what is held. */
  readonly keep: boolean
  /** Tenant; default: the server's. */
  readonly cpId?: string
}

/** Raw messages both ways: the method as on the wire, with codecs that do nothing. */
const RAW: Method<Buffer, never, never, Buffer> = {
  kind: 'bidi',
  path: KDS.GlobalToZoneSync.path,
  encodeRequest: (bytes) => bytes,
  decodeRequest: (): never => {
    throw new Error('the zones are clients')
  },
  encodeResponse: (): never => {
    throw new Error('the zones are clients')
  },
  decodeResponse: (bytes) => bytes as Buffer,
}

const held = new Map<string, Map<string, string>>()
let clients: GrpcClient[] = []
const seen = { responses: 0, bytesIn: 0, bytesOut: 0 }

/** Many zones in one process, each over a connection and a gRPC client of its own. */
const methods = {
  /** Resolves when every zone has had and acknowledged a first response of each type. */
  async connect(options: ConnectOptions): Promise<void> {
    await Promise.all(options.names.map((name) => connect(name, options)))
  },
  /** As above, but of servers that say nothing by themselves: resolves when the requests are under way. */
  async connectSilent(options: ConnectOptions): Promise<void> {
    for (const name of options.names) void connect(name, options)
  },
  drop(): void {
    for (const client of clients) client.close()
    clients = []
  },
  seen: () => ({ ...seen }),
}

export type Zones = typeof methods

offer(methods)

function connect(zone: string, { port, names, types, resume, keep, cpId: id }: ConnectOptions): Promise<void> {
  const { version } = CONTROL_PLANE_VERSION
  const cpId = id === undefined ? undefined : { header: CP_ID_HEADER, id }
  const headers = zoneHeaders({ zone, version, features: HEADER_FEATURES, token: undefined, cpId })
  const client = new GrpcClient({
    target: `127.0.0.1:${port}`,
    trust: { kind: 'plaintext' },
    headers: () => headers,
  })
  clients.push(client)
  const duplex = client.open(RAW)
  const node = fullNode({ zone, instanceId: zone, config: '{"store":{"type":"sqlite"}}' })
  const ask = (type: string): DeltaRequest => ({
    type,
    nonce: '',
    subscribe: ['*'],
    unsubscribe: [],
    initialVersions: resume ? (held.get(type) ?? new Map()) : new Map(),
    error: undefined,
    node,
  })
  const due = new Set(types)
  const outbox = types.map((type) => encodeDeltaRequest(ask(type)))
  return new Promise((resolve) => {
    duplex.open({
      onMessage(bytes) {
        const { type, nonce } = glance(bytes)
        seen.responses += 1
        seen.bytesIn += bytes.length
        if (keep && zone === names[0]) remember(type, bytes)
        outbox.push(acknowledgement(zone, type, nonce))
        pump(duplex, outbox)
        if (due.delete(type) && due.size === 0) resolve()
      },
      onWritable: () => pump(duplex, outbox),
      onEnd: () => {},
    })
    pump(duplex, outbox)
  })
}

function pump(duplex: Duplex<Buffer, Buffer>, outbox: Buffer[]): void {
  if (!duplex.writable) return
  const next = outbox.shift()
  if (!next) return
  seen.bytesOut += next.length
  duplex.send(next)
}

function acknowledgement(zone: string, type: string, nonce: string): Buffer {
  return encodeDeltaRequest({
    type,
    nonce,
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map(),
    error: undefined,
    node: shortNode(zone),
  })
}

/** All zones of this process hold the same. */
function remember(type: string, bytes: Buffer): void {
  const versions = held.get(type) ?? new Map<string, string>()
  held.set(type, versions)
  const { resources, removed } = decodeKdsResponse(bytes)
  for (const { name, version } of resources) versions.set(name, version)
  for (const name of removed) versions.delete(name)
}
