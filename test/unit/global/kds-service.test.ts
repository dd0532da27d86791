import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { DOWN_TYPES } from '../../../src/model/registry.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { DeltaRequest, DeltaResponse } from '../../../src/protocol/messages.js'
import { CONTROL_PLANE_VERSION } from '../../../src/sync/sync-node.js'
import { MemoryLink } from '../../support/memory-duplex.js'
import { draft, put } from '../../support/resource-builder.js'
import { KdsLab } from './kds-lab.js'

const PEER = { tenant: DEFAULT_TENANT, zone: 'zone-1', credential: { kind: 'none' } } as const

let lab: KdsLab

beforeEach(() => {
  lab = new KdsLab()
})

describe('a downward stream', () => {
  test('makes the Zone, makes it online, and answers every type once', async () => {
    const zone = lab.zone('zone-1', [...DOWN_TYPES, 'TrafficRoute'])
    await lab.rest()
    expect(zone.received.map(({ type }) => type).sort()).toEqual([...DOWN_TYPES, 'TrafficRoute'].sort())
    expect(zone.received.every(({ wholeTruth }) => wholeTruth)).toBe(true)
    expect(await lab.isOnline('zone-1')).toBe(true)
    expect([...lab.service.downStreams].map(({ clientVersion }) => clientVersion)).toEqual([
      CONTROL_PLANE_VERSION.version,
    ])
  })

  test('that ends before its Zone is stored leaves no stream and no zone that is online', async () => {
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    lab.beforeCommit = () => held
    const zone = lab.zone('zone-1')
    await lab.rest()
    zone.link.cut()
    await lab.rest()
    expect([lab.service.downStreams.size, lab.sessions.all().length]).toEqual([0, 0])
    release()
    await lab.rest()
    expect(await lab.isOnline('zone-1')).toBe(false)
  })

  test('whose Zone cannot be stored ends with a reason and is forgotten', async () => {
    lab.beforeCommit = () => Promise.reject(new AppError('store-full', 'the disk is full'))
    const zone = lab.zone('zone-1')
    await lab.rest()
    expect(zone.ended).toMatchObject([{ kind: 'peer-ended', detail: 'could not store the zone' }])
    expect(lab.service.downStreams.size).toBe(0)
    await lab.service.stop()
  })

  test('is ended by a newer one of the same zone, which stays the one that counts', async () => {
    const older = lab.zone('zone-1')
    const newer = lab.zone('zone-1')
    await lab.rest()
    expect([older.ended.length, newer.ended.length, lab.service.downStreams.size]).toEqual([1, 0, 1])
    expect(older.ended[0]?.detail).toContain('newer GlobalToZoneSync')
    expect((await lab.subscriptions('zone-1')).filter(({ disconnectTime }) => !disconnectTime)).toHaveLength(1)
    await lab.store.commit([put(draft('Mesh', 'm'))])
    await lab.rest()
    expect(newer.received.at(-1)?.resources.map(({ name }) => name)).toEqual(['m.'])
  })

  test('of another zone or tenant is not in its way', async () => {
    const one = lab.zone('zone-1')
    const two = lab.zone('zone-2')
    await lab.rest()
    expect([one.ended, two.ended]).toEqual([[], []])
  })

  test('makes a zone offline in the very moment it is lost', async () => {
    const zone = lab.zone('zone-1')
    await lab.rest()
    zone.link.cut()
    await lab.rest()
    expect(await lab.isOnline('zone-1')).toBe(false)
  })
})

describe('stopping', () => {
  test('ends every stream with a reason, closes the insights, and lets no further stream live', async () => {
    const zones = ['zone-1', 'zone-2'].map((name) => lab.zone(name))
    await lab.rest()
    await lab.service.stop()
    await lab.rest()
    expect(zones.map(({ ended }) => ended[0]?.kind)).toEqual(['peer-ended', 'peer-ended'])
    expect([await lab.isOnline('zone-1'), await lab.isOnline('zone-2')]).toEqual([false, false])
    const late = lab.zone('zone-3')
    await lab.rest()
    expect(late.ended).toHaveLength(1)
    await lab.runtime.stop()
    expect(lab.clock.armed).toBe(0)
  })
})

describe('an upward stream', () => {
  function open(): MemoryLink<DeltaRequest, DeltaResponse<Uint8Array>, DeltaResponse<Uint8Array>, DeltaRequest> {
    const link = new MemoryLink<DeltaRequest, DeltaResponse<Uint8Array>, DeltaResponse<Uint8Array>, DeltaRequest>({
      toRight: (request) => request,
      toLeft: (response) => response,
      auto: true,
    })
    lab.service.zoneToGlobal(PEER, link.left)
    return link
  }

  test('may come first: what it brings waits for its Zone', async () => {
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    lab.beforeCommit = () => held
    const { right } = open()
    const asked: DeltaRequest[] = []
    right.open({ onMessage: (request) => asked.push(request), onWritable: () => {}, onEnd: () => {} })
    await lab.rest()
    right.send({ type: 'MeshService', nonce: '1', resources: [], removed: [] })
    await lab.rest()
    expect(asked.some(({ nonce }) => nonce === '1')).toBe(false)
    release()
    await lab.rest()
    expect(asked.some(({ nonce, error }) => nonce === '1' && error === undefined)).toBe(true)
  })

  test('names the zone in every request, the answers included', async () => {
    const { right } = open()
    const asked: DeltaRequest[] = []
    right.open({ onMessage: (request) => asked.push(request), onWritable: () => {}, onEnd: () => {} })
    await lab.rest()
    right.send({ type: 'MeshService', nonce: '1', resources: [], removed: [] })
    await lab.rest()
    expect(new Set(asked.map(({ node }) => (node as { id: string }).id))).toEqual(new Set(['zone-1']))
  })
})

test('ten idle minutes with twenty zones: no resource byte, no configuration written', async () => {
  await lab.store.commit([put(draft('Mesh', 'default')), put(draft('Secret', 's', { spec: { data: 'cw==' } }))])
  const zones = Array.from({ length: 20 }, (_, i) => lab.zone(`zone-${i}`))
  await lab.rest()
  const before = zones.map(({ bytes }) => bytes())
  expect(Math.min(...before)).toBeGreaterThan(0)
  await lab.clock.stepAsync(30_000)
  await lab.rest()
  const written: string[] = []
  lab.store.watch(({ changes }) => written.push(...changes.map(({ key }) => key.type)))
  for (let minute = 0; minute < 10; minute += 1) {
    for (const [i] of zones.entries()) if (minute % 5 === 0) lab.service.healthCheck({ ...PEER, zone: `zone-${i}` })
    await lab.clock.stepAsync(60_000)
    await lab.rest()
  }
  expect(zones.map(({ bytes }) => bytes())).toEqual(before)
  // Health is status: two checks of each zone in ten minutes, one write each.
  expect(new Set(written)).toEqual(new Set(['ZoneInsight']))
  expect(written).toHaveLength(40)
})
