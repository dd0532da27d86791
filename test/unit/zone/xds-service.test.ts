import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { draft, put, remove } from '../../support/resource-builder.js'
import { brought, GRACE_MS, ZoneLab } from './zone-lab.js'

let lab: ZoneLab

beforeEach(async () => {
  lab = await new ZoneLab().start()
})

describe('a sidecar', () => {
  test('that brings its Dataplane gets it made, is served, and is online', async () => {
    const sidecar = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    expect(await lab.names('Dataplane')).toEqual(['dp-1'])
    expect(sidecar.received.map(({ type }) => type.split('.').at(-1)).sort()).toEqual(['Cluster', 'Listener'])
    expect(await lab.openSubscriptions('dp-1')).toBe(1)
  })

  test('whose token does not hold gets nothing, and nothing is made', async () => {
    lab.authenticator = { authenticate: () => Promise.reject(new AppError('unauthenticated', 'no such key')) }
    const sidecar = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    expect(sidecar.ended).toMatchObject([{ detail: 'no such key' }])
    expect([await lab.names('Dataplane'), sidecar.received.length]).toEqual([[], 0])
  })

  test('may not replace a Dataplane that its token is not for', async () => {
    await lab.store.commit([put(draft('Dataplane', 'dp-1', { labels: { 'kuma.io/workload': 'database' } }))])
    lab.authenticator = {
      async authenticate(_token, { labels }) {
        if (labels['kuma.io/workload'] !== 'backend') throw new AppError('permission-denied', 'not yours')
      },
    }
    const sidecar = lab.sidecar('default.dp-1', brought('dp-1', 'backend'))
    await lab.rest()
    expect(sidecar.ended).toMatchObject([{ detail: 'not yours' }])
    const { resources } = await lab.store.list('Dataplane')
    expect(resources[0]?.labels['kuma.io/workload']).toBe('database')
  })

  test.each([
    ['default.unknown', undefined, /is not there/],
    ['nodot', undefined, /<mesh>\.<name>/],
    ['default.dp-1', brought('dp-2'), /its resource is Dataplane default\.dp-2/],
    ['other.dp-1', { ...brought('dp-1'), mesh: 'other' }, /mesh other is not there/],
    ['default.dp-1', { ...brought('dp-1'), networking: {} }, /not valid/],
  ])('as %s is refused with why', async (id, resource, why) => {
    const sidecar = lab.sidecar(id, resource)
    await lab.rest()
    expect(sidecar.ended[0]?.detail).toMatch(why)
    expect(await lab.names('Dataplane')).toEqual([])
  })

  test('that says nothing does not keep its stream', async () => {
    const sidecar = lab.sidecar('default.dp-1', undefined, [])
    await lab.clock.stepAsync(10_000)
    await lab.rest()
    expect(sidecar.ended[0]?.detail).toContain('nothing was asked')
  })
})

describe('a Dataplane that a sidecar brought', () => {
  test('goes when the sidecar was away for the grace time, not before', async () => {
    const sidecar = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    sidecar.link.cut()
    await lab.rest()
    expect(await lab.openSubscriptions('dp-1')).toBe(0)
    await lab.clock.stepAsync(GRACE_MS - 1)
    expect(await lab.names('Dataplane')).toEqual(['dp-1'])
    await lab.clock.stepAsync(1)
    expect(await lab.names('Dataplane')).toEqual([])
  })

  test('stays when the sidecar is back in time', async () => {
    const first = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    first.link.cut()
    await lab.rest()
    await lab.clock.stepAsync(GRACE_MS - 1)
    lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    await lab.clock.stepAsync(2 * GRACE_MS)
    expect([await lab.names('Dataplane'), await lab.openSubscriptions('dp-1')]).toEqual([['dp-1'], 1])
  })

  test('stays when the sidecar has found another instance of the zone', async () => {
    const sidecar = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    sidecar.link.cut()
    await lab.rest()
    const there = { id: 'there', controlPlaneInstanceId: 'zone-cp-2', connectTime: '2026-01-01T00:00:00Z' }
    await lab.store.commit([put(draft('DataplaneInsight', 'dp-1', { spec: { subscriptions: [there] } }))])
    await lab.clock.stepAsync(2 * GRACE_MS)
    expect(await lab.names('Dataplane')).toEqual(['dp-1'])
  })

  test('stays when the older stream ends while the newer one is let in', async () => {
    const first = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    lab.authenticator = { authenticate: () => held }
    await lab.store.commit([put(draft('Dataplane', 'dp-1', { spec: { networking: { address: '127.0.0.1' } } }))])
    lab.sidecar('default.dp-1')
    await lab.rest()
    first.link.cut()
    await lab.rest()
    release()
    await lab.rest()
    await lab.clock.stepAsync(2 * GRACE_MS)
    expect(await lab.names('Dataplane')).toEqual(['dp-1'])
  })

  test('is not made again by a mesh that is gone', async () => {
    const sidecar = lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    await lab.store.commit([remove(draft('Mesh', 'default'))])
    sidecar.link.cut()
    await lab.rest()
    await lab.clock.stepAsync(GRACE_MS)
    expect(await lab.names('Dataplane')).toEqual([])
  })

  test('that someone else made is never deleted', async () => {
    await lab.store.commit([put(draft('Dataplane', 'dp-1', { spec: { networking: { address: '127.0.0.1' } } }))])
    const sidecar = lab.sidecar('default.dp-1')
    await lab.rest()
    sidecar.link.cut()
    await lab.rest()
    await lab.clock.stepAsync(10 * GRACE_MS)
    expect(await lab.names('Dataplane')).toEqual(['dp-1'])
  })

  test('stays when it is the zone that stops', async () => {
    lab.sidecar('default.dp-1', brought('dp-1'))
    await lab.rest()
    await lab.xds.stop()
    lab.lifecycle.stop()
    await lab.clock.stepAsync(2 * GRACE_MS)
    expect([await lab.names('Dataplane'), await lab.openSubscriptions('dp-1')]).toEqual([['dp-1'], 0])
  })
})

test('a newer stream of a sidecar supersedes the older, and stays online', async () => {
  const older = lab.sidecar('default.dp-1', brought('dp-1'))
  await lab.rest()
  const newer = lab.sidecar('default.dp-1', brought('dp-1'))
  await lab.rest()
  expect([older.ended.length, newer.ended.length]).toEqual([1, 0])
  await lab.clock.stepAsync(60_000)
  expect([await lab.openSubscriptions('dp-1'), lab.xds.sessions.size]).toEqual([1, 1])
})
