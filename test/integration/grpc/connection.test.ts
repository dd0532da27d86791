import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { Duplex } from '../../../src/protocol/duplex.js'
import type { GrpcClient, GrpcClientOptions } from '../../../src/transport/grpc/client.js'
import type { GrpcServer } from '../../../src/transport/grpc/server.js'
import { createCa } from '../../../src/transport/tls.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { CA_NAME, type Rig, startRig } from './rig.js'

const KEEPALIVE_MS = { time: 100, timeout: 100 }
const rigs: Rig[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

/** A server whose ends of streams write what they are told into `ends`. */
async function rigTelling(ends: CloseReason[], options: { secure?: boolean; keepalive?: boolean } = {}): Promise<Rig> {
  const register = (server: GrpcServer<string>) => {
    server.stream(KDS.GlobalToZoneSync, (_peer, duplex) => tellEnd(duplex, ends))
    server.unary(KDS.HealthCheck, () => ({ intervalMs: undefined }))
  }
  const rig = await startRig(register, {
    secure: options.secure ?? false,
    server: options.keepalive ? { keepaliveMs: KEEPALIVE_MS } : {},
  })
  rigs.push(rig)
  return rig
}

function tellEnd(duplex: Duplex<never, unknown>, ends: CloseReason[]): void {
  duplex.open({ onMessage: () => {}, onWritable: () => {}, onEnd: (reason) => ends.push(reason) })
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 2 })
const healthCheck = (client: GrpcClient) => client.unary(KDS.HealthCheck, undefined, 5000)

describe('a connection', () => {
  it('that breaks is lost to both ends, and the next call makes another', async () => {
    const atServer: CloseReason[] = []
    const rig = await rigTelling(atServer)
    const client = rig.connect()
    const atClient: CloseReason[] = []
    tellEnd(client.open(KDS.GlobalToZoneSync), atClient)
    await healthCheck(client)
    rig.cut()
    await eventually(() => expect([atServer.length, atClient.length]).toEqual([1, 1]))
    expect(atServer[0]?.kind).toBe('peer-lost')
    expect(atClient[0]?.kind).toBe('peer-lost')
    await healthCheck(client)
  })

  it('that carries nothing any more is noticed by both ends', async () => {
    const atServer: CloseReason[] = []
    const rig = await rigTelling(atServer, { keepalive: true })
    const client = rig.connect({ keepaliveMs: KEEPALIVE_MS })
    const atClient: CloseReason[] = []
    tellEnd(client.open(KDS.GlobalToZoneSync), atClient)
    await healthCheck(client)
    rig.freeze()
    await eventually(() => expect([atServer.length, atClient.length]).toEqual([1, 1]))
    expect([atServer[0]?.kind, atClient[0]?.kind]).toEqual(['peer-lost', 'peer-lost'])
  })

  it('to nobody is a lost peer at once', async () => {
    const rig = await rigTelling([])
    const client = rig.connect({ target: '127.0.0.1:1' })
    const ends: CloseReason[] = []
    tellEnd(client.open(KDS.GlobalToZoneSync), ends)
    await eventually(() => expect(ends).toMatchObject([{ kind: 'peer-lost' }]))
    await expect(healthCheck(client)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('that its client closes ends its streams at both ends', async () => {
    const atServer: CloseReason[] = []
    const client = (await rigTelling(atServer)).connect()
    const atClient: CloseReason[] = []
    tellEnd(client.open(KDS.GlobalToZoneSync), atClient)
    await healthCheck(client)
    client.close()
    await eventually(() => expect(atClient.map((end) => end.kind)).toEqual(['shutting-down']))
    await eventually(() => expect(atServer).toHaveLength(1))
  })
})

describe('TLS', () => {
  const attempt = async (options: Partial<GrpcClientOptions>) =>
    healthCheck((await rigTelling([], { secure: true })).connect(options))

  it('is trusted with its CA, and without when told to', async () => {
    await attempt({})
    await attempt({ trust: { kind: 'skip-verify' } })
  })

  it('is trusted by address too, without a warning of Node', async () => {
    const warnings: string[] = []
    const note = ({ message }: Error) => warnings.push(message)
    process.on('warning', note)
    const rig = await rigTelling([], { secure: true })
    await healthCheck(rig.connect({ target: rig.target.replace('localhost', '127.0.0.1') }))
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  it.each<[string, GrpcClientOptions['trust']]>([
    // Of the same name as the right one: only the key tells them apart.
    ['another CA', { kind: 'ca', caPem: createCa({ name: CA_NAME, nowMs: systemClock.nowMs() }).certPem }],
    ['the system’s CAs', { kind: 'ca', caPem: undefined }],
    ['plaintext', { kind: 'plaintext' }],
  ])('is refused by a client with %s', async (_what, trust) => {
    await expect(attempt({ trust })).rejects.toMatchObject({ code: 'unavailable' })
  })
})
