import { beforeEach, describe, expect, test } from 'vitest'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { DeltaRequest, DeltaResponse } from '../../../src/protocol/messages.js'
import type { LinkFaultKind } from '../../../src/sync/link-fault.js'
import { LinkFaults } from '../../../src/zone/link-faults.js'
import type { GlobalConnection } from '../../../src/zone/link-session.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { type MemoryEnd, MemoryLink } from '../../support/memory-duplex.js'

type Down = DeltaResponse<Uint8Array>

const response = (nonce: string): Down => ({ type: 'Mesh', nonce, resources: [], removed: [] })
const answer = (nonce: string): DeltaRequest => ({
  type: 'Mesh',
  nonce,
  subscribe: [],
  unsubscribe: [],
  initialVersions: new Map(),
  error: undefined,
  node: { id: 'zone-1' },
})

let clock: FakeClock
let faults: LinkFaults
/** What each side of the stream downward has heard. */
let zoneHeard: string[]
let globalHeard: DeltaRequest[]
let zoneEnded: CloseReason[]
let tokens: (string | undefined)[]

/** Dials through the faults: a stream downward whose other end is ours. */
function dial() {
  const connection = faults.connect((expired) => {
    tokens.push(expired)
    return connectionTo()
  })
  const zone = connection.globalToZone()
  zone.open({
    onMessage: ({ nonce }) => zoneHeard.push(nonce),
    onWritable: () => {},
    onEnd: (why) => zoneEnded.push(why),
  })
  return { connection, zone }
}

let global: MemoryEnd<Down, DeltaRequest>

function connectionTo(): GlobalConnection {
  const { left: zoneSide, right } = new MemoryLink<DeltaRequest, Down, Down, DeltaRequest>({
    toRight: (request) => request,
    toLeft: (down) => down,
    auto: true,
  })
  global = right
  global.open({ onMessage: (request) => globalHeard.push(request), onWritable: () => {}, onEnd: () => {} })
  const none = (): never => {
    throw new Error('this test opens the stream downward alone')
  }
  return {
    globalToZone: () => zoneSide,
    zoneToGlobal: none,
    admin: none,
    healthCheck: async () => undefined,
    close: () => {},
  }
}

const strike = (kind: LinkFaultKind, durationMs = 1_000) => faults.add({ id: 'f-1', kind, durationMs })

beforeEach(() => {
  clock = new FakeClock()
  faults = new LinkFaults({ zone: 'zone-1', clock, oversizeBytes: 100 })
  zoneHeard = []
  globalHeard = []
  zoneEnded = []
  tokens = []
})

describe('a fault of a link', () => {
  test('reverts by itself', () => {
    strike('nack', 500)
    expect(faults.active).toEqual([{ id: 'f-1', kind: 'nack', leftMs: 500 }])
    clock.step(500)
    expect([faults.active, clock.armed]).toEqual([[], 0])
  })

  test('disconnect drops the connection and lets none be made until it is over', async () => {
    dial()
    strike('disconnect')
    await settled()
    expect(zoneEnded).toEqual([{ kind: 'peer-lost', detail: 'the fault disconnect' }])
    expect(() => dial()).toThrow('the fault disconnect keeps the zone from its global')
    clock.step(1_000)
    expect(() => dial()).not.toThrow()
  })

  test('silent-stream leaves the zone deaf, and ends with the connection, which has lost messages', async () => {
    const { zone } = dial()
    strike('silent-stream')
    global.send(response('a'))
    zone.send(answer('x'))
    await settled()
    expect([zoneHeard, globalHeard.map(({ nonce }) => nonce)]).toEqual([[], ['x']])
    clock.step(1_000)
    await settled()
    expect(zoneEnded).toEqual([{ kind: 'peer-lost', detail: 'the end of the fault silent-stream' }])
  })

  test('half-open loses what goes either way, and nobody is told', async () => {
    const { zone } = dial()
    strike('half-open')
    global.send(response('a'))
    zone.send(answer('x'))
    await settled()
    expect([zoneHeard, globalHeard, zoneEnded]).toEqual([[], [], []])
    expect(zone.writable).toBe(true)
  })

  test('nack refuses what is answered, and nothing else', async () => {
    const { zone } = dial()
    strike('nack')
    zone.send(answer(''))
    await settled()
    zone.send(answer('n-1'))
    await settled()
    expect(globalHeard.map(({ error }) => error)).toEqual([undefined, 'refused by the fault nack'])
  })

  test('slow-reader takes one message a second', async () => {
    dial()
    strike('slow-reader', 10_000)
    global.send(response('a'))
    await settled()
    global.send(response('b'))
    await settled()
    expect(zoneHeard).toEqual(['a'])
    await clock.stepAsync(1_000)
    await settled()
    expect(zoneHeard).toEqual(['a', 'b'])
  })

  test('token-expire-now drops the connection and brings the expired token until it is over', async () => {
    dial()
    faults.add({ id: 'f-1', kind: 'token-expire-now', durationMs: 1_000, expiredToken: 'expired' })
    await settled()
    dial()
    clock.step(1_000)
    dial()
    expect(zoneEnded).toHaveLength(1)
    expect(tokens).toEqual([undefined, 'expired', undefined])
  })

  test('that is taken away is over', () => {
    strike('disconnect')
    faults.remove('f-1')
    expect([faults.active, clock.armed]).toEqual([[], 0])
  })
})
