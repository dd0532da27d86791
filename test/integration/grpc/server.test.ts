import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { Client, credentials, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AppError, type ErrorCode } from '../../../src/base/errors.js'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { Duplex } from '../../../src/protocol/duplex.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../../src/protocol/messages.js'
import type { GrpcClientOptions } from '../../../src/transport/grpc/client.js'
import type { GrpcServer, GrpcServerOptions } from '../../../src/transport/grpc/server.js'
import { encodeDeltaResponse, encodeDiscoveryResource } from '../../../src/wire/delta-codec.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { KUMA_RESOURCE_URL } from '../../../src/wire/type-urls.js'
import { settled } from '../../support/fake-clock.js'
import { type Rig, startRig } from './rig.js'

const MIB = 1024 * 1024
const rigs: Rig[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

async function rigWith(
  register: (server: GrpcServer<string>) => void,
  server: Partial<GrpcServerOptions<string>> = {},
): Promise<Rig> {
  const rig = await startRig(register, { server })
  rigs.push(rig)
  return rig
}

/** What one end of a stream was told. */
interface Heard<In> {
  readonly messages: In[]
  readonly ends: CloseReason[]
}

function listen<Out, In>(duplex: Duplex<Out, In>): Heard<In> {
  const heard: Heard<In> = { messages: [], ends: [] }
  duplex.open({
    onMessage: (message) => heard.messages.push(message),
    onWritable: () => {},
    onEnd: (reason) => heard.ends.push(reason),
  })
  return heard
}

type Received = Heard<DeltaResponse<Uint8Array>>

/** A server that keeps what zones send up. */
function keepsAll(kept: Map<string, Received>): (server: GrpcServer<string>) => void {
  return (server) => server.stream(KDS.ZoneToGlobalSync, (peer, duplex) => kept.set(peer, listen(duplex)))
}

function batch(nonce: string, size: number): EncodedResponse {
  const resource = { name: 'r', version: '1', typeUrl: KUMA_RESOURCE_URL, value: Buffer.alloc(size, 'a') }
  const resources = [encodeDiscoveryResource(resource)]
  const bytes = encodeDeltaResponse({ type: 'T', nonce, resources, removed: [], controlPlane: 'zone-1' })
  return { type: 'T', nonce, bytes }
}

const raw = (bytes: Buffer): EncodedResponse => ({ type: 'T', nonce: 'raw', bytes })

/** Opens GlobalToZoneSync below gRPC: sends headers as they are and reads nothing. */
function rawCall(rig: Rig, headers: OutgoingHttpHeaders): ClientHttp2Session {
  const session = connect(`http://${rig.target}`)
  const grpc = {
    ':method': 'POST',
    ':path': KDS.GlobalToZoneSync.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  }
  session.on('error', () => {})
  session.request({ ...grpc, ...headers }).on('error', () => {})
  return session
}

const as = (zone: string): Partial<GrpcClientOptions> => ({ headers: () => ({ 'client-id': [zone] }) })
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 2 })

describe('a call', () => {
  it.each<[ErrorCode, CloseReason]>([
    ['unauthenticated', { kind: 'refused', code: 'unauthenticated', detail: 'no “token”' }],
    ['permission-denied', { kind: 'refused', code: 'permission-denied', detail: 'no “token”' }],
    ['invalid-argument', { kind: 'refused', code: 'invalid-argument', detail: 'no “token”' }],
    ['unavailable', { kind: 'peer-ended', status: 14, detail: 'no “token”' }],
  ])('that is refused as %s reaches no handler and hears why', async (code, reason) => {
    const handled: string[] = []
    const authenticate = async () => {
      throw new AppError(code, 'no “token”')
    }
    const rig = await rigWith(
      (server) => {
        server.stream(KDS.GlobalToZoneSync, () => handled.push('stream'))
        server.unary(KDS.HealthCheck, () => {
          handled.push('unary')
          return { intervalMs: undefined }
        })
      },
      { authenticate },
    )
    const client = rig.connect()
    const heard = listen(client.open(KDS.GlobalToZoneSync))
    await eventually(() => expect(heard.ends).toEqual([reason]))
    await expect(client.unary(KDS.HealthCheck, undefined, 5000)).rejects.toMatchObject({ code, message: 'no “token”' })
    expect(handled).toEqual([])
  })

  it('whose authenticator fails is told nothing of the failure', async () => {
    const authenticate = async () => {
      throw new TypeError('secret path')
    }
    const rig = await rigWith((server) => server.stream(KDS.GlobalToZoneSync, () => {}), { authenticate })
    const heard = listen(rig.connect().open(KDS.GlobalToZoneSync))
    await eventually(() => expect(heard.ends).toEqual([{ kind: 'peer-ended', status: 13, detail: 'internal error' }]))
  })

  it('that its caller gave up before it was authenticated reaches no handler', async () => {
    const handled: string[] = []
    let admit: (identity: string) => void = () => {}
    let asked = 0
    const authenticate = () => {
      asked += 1
      return new Promise<string>((resolve) => {
        admit = resolve
      })
    }
    const register = (server: GrpcServer<string>) => server.stream(KDS.GlobalToZoneSync, (peer) => handled.push(peer))
    const rig = await rigWith(register, { authenticate })
    const client = rig.connect()
    const first = client.open(KDS.GlobalToZoneSync)
    await eventually(() => expect(asked).toBe(1))
    const admitFirst = admit
    first.abort({ kind: 'shutting-down', detail: '' })
    // The reset has arrived when a later call on the same connection has.
    client.open(KDS.GlobalToZoneSync)
    await eventually(() => expect(asked).toBe(2))
    await settled()
    admitFirst('gone')
    admit('there')
    await eventually(() => expect(handled).toEqual(['there']))
  })

  it('of a method that is not served is unimplemented', async () => {
    const client = (await rigWith(() => {})).connect()
    const heard = listen(client.open(KDS.StreamStats))
    await eventually(() => expect(heard.ends).toMatchObject([{ kind: 'peer-ended', status: 12 }]))
    await expect(client.unary(KDS.HealthCheck, undefined, 5000)).rejects.toMatchObject({ code: 'unimplemented' })
  })

  it('shows its headers with repeated ones apart, and asks for them anew each time', async () => {
    const seen: (readonly string[])[] = []
    const authenticate: GrpcServerOptions<string>['authenticate'] = async (metadata) => {
      seen.push(metadata.values('features'), metadata.values('authorization'), metadata.values('absent'))
      return ''
    }
    const register = (server: GrpcServer<string>) => server.unary(KDS.HealthCheck, () => ({ intervalMs: 1 }))
    const rig = await rigWith(register, { authenticate })
    let token = 'old'
    const client = rig.connect({
      headers: () => ({ features: ['zone-ping-health', 'hash-suffix'], authorization: [token] }),
    })
    expect(await client.unary(KDS.HealthCheck, undefined, 5000)).toEqual({ intervalMs: 1 })
    token = 'new'
    await client.unary(KDS.HealthCheck, undefined, 5000)
    const features = ['zone-ping-health', 'hash-suffix']
    expect(seen).toEqual([features, ['old'], [], features, ['new'], []])
  })

  it('with an illegal token is not written to any log', async () => {
    const written: unknown[] = []
    const note = (...words: unknown[]) => written.push(words)
    const spies = [
      vi.spyOn(console, 'error').mockImplementation(note),
      vi.spyOn(console, 'log').mockImplementation(note),
    ]
    const rig = await rigWith((server) => server.stream(KDS.GlobalToZoneSync, (peer) => handled.push(peer)))
    const handled: string[] = []
    const session = rawCall(rig, { 'client-id': 'z', authorization: 'geheim-\u00fc' })
    await eventually(() => expect(handled).toEqual(['z']))
    session.destroy()
    for (const spy of spies) spy.mockRestore()
    expect(written).toEqual([])
  })

  it('with a token that no header can carry fails without naming the token', async () => {
    const client = (await rigWith(() => {})).connect({ headers: () => ({ authorization: ['geheim-ü\n'] }) })
    expect(() => client.open(KDS.GlobalToZoneSync)).toThrow(/authorization/)
    expect(() => client.open(KDS.GlobalToZoneSync)).not.toThrow(/geheim/)
  })

  it('with a token larger than headers may be says so', async () => {
    const client = (await rigWith(() => {})).connect({ headers: () => ({ authorization: ['x'.repeat(64_000)] }) })
    expect(() => client.open(KDS.GlobalToZoneSync)).toThrow(
      /with authorization the headers of a call are over 64000 bytes/,
    )
  })

  it('that nobody answers in time has timed out', async () => {
    const register = (server: GrpcServer<string>) => server.unary(KDS.HealthCheck, () => new Promise(() => {}))
    const client = (await rigWith(register)).connect()
    await expect(client.unary(KDS.HealthCheck, undefined, 50)).rejects.toMatchObject({ code: 'timed-out' })
  })
})

describe('a message', () => {
  it('over 4 MiB is taken', async () => {
    const kept = new Map<string, Received>()
    const client = (await rigWith(keepsAll(kept))).connect()
    client.open(KDS.ZoneToGlobalSync).send(batch('1', 5 * MIB))
    await eventually(() => expect(kept.get('zone-1')?.messages.map(({ nonce }) => nonce)).toEqual(['1']))
    expect(kept.get('zone-1')?.messages[0]?.resources[0]?.payload).toHaveLength(5 * MIB)
  })

  it.each<[string, EncodedResponse, CloseReason['kind']]>([
    ['over 10 MiB', batch('big', 10 * MIB), 'too-large'],
    ['that does not decode', raw(Buffer.from('0aff', 'hex')), 'undecodable'],
    ['with another payload', raw(Buffer.from('12060a010112010a', 'hex')), 'undecodable'],
  ])('%s ends its own stream and no other', async (_what, message, kind) => {
    const kept = new Map<string, Received>()
    const rig = await rigWith(keepsAll(kept))
    const good = rig.connect(as('good')).open(KDS.ZoneToGlobalSync)
    const bad = rig.connect({ ...as('bad'), messageBytesMax: 64 * MIB }).open(KDS.ZoneToGlobalSync)
    const told = listen(bad)
    bad.send(message)
    await eventually(() => expect(kept.get('bad')?.ends).toMatchObject([{ kind }]))
    await eventually(() => expect(told.ends).toHaveLength(1))
    expect(told.ends[0]).not.toMatchObject({ status: 0 })
    expect(kept.get('bad')?.messages).toEqual([])
    good.send(batch('still', 10))
    await eventually(() => expect(kept.get('good')?.messages).toHaveLength(1))
    expect(kept.get('good')?.ends).toEqual([])
  })

  it('over the limit of its own sender leaves nowhere', async () => {
    const kept = new Map<string, Received>()
    const stream = (await rigWith(keepsAll(kept))).connect().open(KDS.ZoneToGlobalSync)
    const told = listen(stream)
    stream.send(batch('big', 10 * MIB))
    await eventually(() => expect(told.ends).toMatchObject([{ kind: 'too-large' }]))
    await eventually(() => expect(kept.get('zone-1')?.ends).toMatchObject([{ kind: 'peer-ended' }]))
    expect(kept.get('zone-1')?.messages).toEqual([])
  })
})

describe('a stream', () => {
  it('whose client closes its side is not answered with OK', async () => {
    const kept = new Map<string, Received>()
    const rig = await rigWith(keepsAll(kept))
    const client = new Client(rig.target, credentials.createInsecure())
    const bytes = (buffer: Buffer) => buffer
    const call = client.makeBidiStreamRequest(KDS.ZoneToGlobalSync.path, bytes, bytes)
    const statuses: number[] = []
    call.on('error', () => {}).on('status', ({ code }: { code: number }) => statuses.push(code))
    call.end()
    await eventually(() => expect(statuses).toEqual([status.CANCELLED]))
    expect(kept.get('')?.ends).toMatchObject([{ kind: 'peer-ended', status: status.OK }])
    client.close()
  })

  it('is not writable for a client while the server reads nothing', async () => {
    const up: Duplex<DeltaRequest, DeltaResponse<Uint8Array>>[] = []
    const rig = await rigWith((grpc) => grpc.stream(KDS.ZoneToGlobalSync, (_peer, duplex) => up.push(duplex)))
    const stream = rig.connect().open(KDS.ZoneToGlobalSync)
    listen(stream)
    await eventually(() => expect(up).toHaveLength(1))
    // Over a window of HTTP/2.
    stream.send(batch('1', MIB / 2))
    await settled()
    expect(stream.writable).toBe(false)
    for (const duplex of up) listen(duplex)
    await eventually(() => expect(stream.writable).toBe(true))
  })

  it('whose handler fails ends with a status, and the server lives on', async () => {
    const register = (grpc: GrpcServer<string>) =>
      grpc.stream(KDS.GlobalToZoneSync, () => {
        throw new TypeError('secret path')
      })
    const client = (await rigWith(register)).connect()
    for (const attempt of [client, client]) {
      const told = listen(attempt.open(KDS.GlobalToZoneSync))
      await eventually(() => expect(told.ends).toEqual([{ kind: 'peer-ended', status: 13, detail: 'internal error' }]))
    }
  })

  it('carries a long or ill-formed detail to its end', async () => {
    const detail = `\ud800${'ü'.repeat(50_000)}`
    const register = (grpc: GrpcServer<string>) =>
      grpc.stream(KDS.GlobalToZoneSync, (_peer, duplex) => duplex.end({ kind: 'superseded', detail }))
    const told = listen((await rigWith(register)).connect().open(KDS.GlobalToZoneSync))
    await eventually(() => expect(told.ends).toMatchObject([{ kind: 'peer-ended', status: 14 }]))
    expect(told.ends[0]?.detail).toMatch(/^\ufffdü+$/)
  })

  it('tells each end once when the server stops, and the server stops though a peer reads nothing', async () => {
    const up: Heard<DeltaRequest>[] = []
    const streams: Duplex<EncodedResponse, DeltaRequest>[] = []
    const rig = await rigWith((grpc) =>
      grpc.stream(KDS.GlobalToZoneSync, (_peer, duplex) => {
        streams.push(duplex)
        up.push(listen(duplex))
      }),
    )
    const reading = listen(rig.connect().open(KDS.GlobalToZoneSync))
    await eventually(() => expect(up).toHaveLength(1))
    const deaf = rawCall(rig, {})
    await eventually(() => expect(up).toHaveLength(2))
    streams[1]?.send(batch('1', 9 * MIB))
    await rig.server.stop(200)
    await eventually(() => expect(reading.ends).toMatchObject([{ kind: 'peer-ended', status: 14 }]))
    await eventually(() => expect(deaf.destroyed).toBe(true))
    expect(up.map((heard) => heard.ends.map((end) => end.kind))).toEqual([['shutting-down'], ['shutting-down']])
  })
})
