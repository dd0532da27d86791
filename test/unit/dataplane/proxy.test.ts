import { describe, expect, test } from 'vitest'
import type { Behaviour } from '../../../src/dataplane/behaviour.js'
import type { EnvoyKind } from '../../../src/wire/envoy-codec.js'
import { cluster, endpoints, envoySnapshot, listener, staticCluster } from '../../support/envoy-snapshot.js'
import { ProxyWorld } from './proxy-world.js'

const SHOP = envoySnapshot({
  cluster: [cluster('backend'), staticCluster('self')],
  endpoint: [endpoints('backend', 8080)],
  listener: [listener('out', 10_001), listener('in', 80)],
})
const MOVED = envoySnapshot({
  cluster: [cluster('backend'), staticCluster('self')],
  endpoint: [endpoints('backend', 8080)],
  listener: [listener('out', 10_002), listener('in', 80)],
})

function names(world: ProxyWorld, kind: EnvoyKind): readonly string[] {
  return [...world.proxy.configuration.active(kind).keys()].sort()
}

describe('a proxy asks', () => {
  test('for clusters and listeners without names, then by name for the endpoints that its clusters refer to', async () => {
    const world = await new ProxyWorld(SHOP).start()
    expect(world.said.slice(0, 3)).toEqual(['Cluster', 'Listener', 'ClusterLoadAssignment +backend'])
    expect(names(world, 'endpoint')).toEqual(['backend'])
    expect(world.proxy.live).toBe(true)
    expect(world.said.filter((line) => line.endsWith('ACK')).length).toBe(3)
  })

  test('for what changed clusters refer to, and no more for what none refers to', async () => {
    const world = await new ProxyWorld(SHOP).start()
    world.take('said')
    await world.replace(
      envoySnapshot({
        cluster: [cluster('database'), staticCluster('self')],
        endpoint: [endpoints('database', 5432)],
        listener: [listener('in', 80)],
      }),
    )
    expect(world.said).toContain('ClusterLoadAssignment +database')
    expect(world.said).toContainEqual(expect.stringMatching(/^ClusterLoadAssignment -backend/))
    expect([names(world, 'cluster'), names(world, 'endpoint'), names(world, 'listener')]).toEqual([
      ['database', 'self'],
      ['database'],
      ['in'],
    ])
  })

  test('on a new stream by what it holds, and is sent what changed alone', async () => {
    const world = await new ProxyWorld(SHOP).start()
    await world.cut()
    world.take('said')
    world.take('sent')
    await world.replace(MOVED)
    await world.step(3_000)
    expect(world.said.slice(0, 3)).toEqual([
      'Cluster (backend) (self)',
      'ClusterLoadAssignment +backend (backend)',
      'Listener (in) (out)',
    ])
    expect(world.sent).toEqual(['Listener out'])
  })

  test('by the versions of clusters that still warm, too', async () => {
    const world = await new ProxyWorld(SHOP, slowEndpoints(1)).start()
    expect([...world.proxy.configuration.warming.keys()]).toEqual(['backend'])
    await world.cut()
    world.take('said')
    await world.step(3_000)
    expect(world.said[0]).toBe('Cluster (backend) (self)')
  })

  test('and forgets refusals of what vanished while it was away', async () => {
    const world = await new ProxyWorld(SHOP, 'nack-type').start()
    await world.cut()
    await world.replace(envoySnapshot({ cluster: [staticCluster('self')] }))
    await world.step(3_000)
    expect(world.proxy.configuration.refused('listener').size).toBe(0)
  })

  test('and learns of what vanished while it was away', async () => {
    const world = await new ProxyWorld(SHOP).start()
    await world.cut()
    await world.replace(envoySnapshot({ cluster: [staticCluster('self')], listener: [listener('in', 80)] }))
    await world.step(3_000)
    expect([names(world, 'cluster'), names(world, 'endpoint'), names(world, 'listener')]).toEqual([
      ['self'],
      [],
      ['in'],
    ])
  })
})

describe('a proxy without a stream', () => {
  test('keeps what it runs with, waits longer each time and connects again', async () => {
    const world = await new ProxyWorld(SHOP).start()
    world.away = true
    await world.cut()
    expect(world.proxy.state).toBe('backing-off')
    await world.step(60_000)
    expect(world.proxy.whyOffline).toBe('the zone is away')
    expect(names(world, 'listener')).toEqual(['in', 'out'])

    world.away = false
    await world.step(4_500)
    expect(world.proxy.state).toBe('streaming')
    expect(world.streams).toBe(2)
  })

  test('that is refused tries less and less often, at least every few seconds', async () => {
    const world = new ProxyWorld(SHOP)
    world.refusing = true
    await world.start()
    await world.step(60_000)
    expect(world.streams).toBeGreaterThan(13)
    expect(world.streams).toBeLessThan(50)
    expect([world.proxy.whyOffline, world.released]).toEqual(['no such token', world.streams])
  })

  test('that is stopped meanwhile does not try again', async () => {
    const world = await new ProxyWorld(SHOP).start()
    await world.cut()
    world.proxy.stop()
    await world.step(60_000)
    expect([world.streams, world.released, world.clock.armed]).toEqual([1, 1, 0])
  })

  test('does not apply what it was about to answer', async () => {
    const world = await new ProxyWorld(SHOP, 'slow-ack').start()
    world.away = true
    await world.cut()
    await world.step(60_000)
    expect(names(world, 'cluster')).toEqual([])
  })

  test('that is stopped while it warms leaves no timer', async () => {
    const world = await new ProxyWorld(SHOP, slowEndpoints(1)).start()
    world.proxy.stop()
    await world.step(0)
    expect(world.clock.armed).toBe(0)
  })

  test('that is stopped says goodbye and leaves no timer', async () => {
    const world = await new ProxyWorld(SHOP).start()
    world.proxy.stop()
    await world.step(60_000)
    expect(world.proxy.state).toBe('stopped')
    expect(world.ends).toHaveLength(1)
    expect([world.streams, world.clock.armed]).toEqual([1, 0])
  })
})

/** Takes a second for each of the first `times` answers about endpoints. */
function slowEndpoints(times: number): Behaviour {
  const stage = {
    on: 'response',
    type: 'endpoint',
    step: 'accept',
    weight: 1,
    delayMs: 1_000,
    jitterMs: 0,
    times,
  } as const
  return { description: 'slow endpoints', stages: [stage] }
}

describe('a cluster', () => {
  test('that changed warms until its endpoints ride again, and its last version is in effect meanwhile', async () => {
    const world = await new ProxyWorld(SHOP, slowEndpoints(2)).start()
    await world.step(1_000)
    const inEffect = () => world.proxy.configuration.active('cluster').get('backend')?.resource.version
    const before = inEffect()
    await world.replace(
      envoySnapshot({
        cluster: [cluster('backend', { connectTimeout: '7s' }), staticCluster('self')],
        endpoint: [endpoints('backend', 8080)],
        listener: [listener('out', 10_001), listener('in', 80)],
      }),
    )
    expect([inEffect(), [...world.proxy.configuration.warming.keys()]]).toEqual([before, ['backend']])
    await world.step(1_000)
    expect([inEffect() === before, [...world.proxy.configuration.warming.keys()]]).toEqual([false, []])
  })

  test('that has no endpoints at the server is in effect at once, without any', async () => {
    const world = await new ProxyWorld(envoySnapshot({ cluster: [cluster('backend')] })).start()
    expect([names(world, 'cluster'), names(world, 'endpoint')]).toEqual([['backend'], []])
  })

  test('whose endpoints never come goes on with none after fifteen seconds', async () => {
    const world = await new ProxyWorld(SHOP, {
      description: 'never applies endpoints',
      stages: [{ on: 'response', type: 'endpoint', step: 'hold', weight: 1, delayMs: 0, jitterMs: 0 }],
    }).start()
    expect([...world.proxy.configuration.warming.keys()]).toEqual(['backend'])
    expect(names(world, 'cluster')).toEqual(['self'])
    await world.step(15_000)
    expect([...world.proxy.configuration.warming.keys()]).toEqual([])
    expect(names(world, 'cluster')).toEqual(['backend', 'self'])
  })
})

describe('behaviour', () => {
  test('slow-ack: the answer comes between half a second and two seconds later', async () => {
    const world = await new ProxyWorld(envoySnapshot({ cluster: [staticCluster('self')] }), 'slow-ack').start()
    const answers = () => world.said.filter((line) => line === 'Cluster ACK').length
    await world.step(499)
    expect([answers(), [...world.proxy.applying]]).toEqual([0, ['cluster']])
    await world.step(1_501)
    expect(answers()).toBe(1)
  })

  test('nack-type: listeners are refused, the other types flow', async () => {
    const world = await new ProxyWorld(SHOP, 'nack-type').start()
    expect(world.said).toContain(
      'Listener NACK out: refused by the behaviour of this mock\nin: refused by the behaviour of this mock',
    )
    expect([names(world, 'cluster'), names(world, 'listener')]).toEqual([['backend', 'self'], []])
    expect([...world.proxy.configuration.refused('listener').keys()].sort()).toEqual(['in', 'out'])
  })

  test('nack-once: the first clusters are refused, what changes next is accepted', async () => {
    const world = await new ProxyWorld(envoySnapshot({ cluster: [staticCluster('self')] }), 'nack-once').start()
    expect(names(world, 'cluster')).toEqual([])
    await world.replace(envoySnapshot({ cluster: [staticCluster('self', 9090)] }))
    expect(names(world, 'cluster')).toEqual(['self'])
    expect(world.proxy.configuration.refused('cluster').size).toBe(0)
  })

  test('never-ack: nothing is ever answered, and a new stream opens all the same', async () => {
    const world = await new ProxyWorld(SHOP, 'never-ack').start()
    await world.step(600_000)
    expect(world.said.filter((line) => /ACK/.test(line))).toEqual([])
    await world.cut()
    await world.step(3_000)
    expect([world.proxy.state, world.streams]).toEqual(['streaming', 2])
  })

  test('stop-reading: what is sent after a while is not taken, and the stream stays', async () => {
    const world = await new ProxyWorld(SHOP, 'stop-reading').start()
    await world.step(10_000)
    await world.replace(MOVED)
    expect(world.sent).toContain('Listener out')
    expect(world.proxy.configuration.active('listener').get('out')?.resource.content).toMatchObject({
      references: { address: '127.0.0.1:10001' },
    })
    expect([world.proxy.state, world.streams]).toEqual(['streaming', 1])
  })

  test('stop-reading: also when the last answer goes out after it', async () => {
    const slow = { on: 'response', step: 'accept', weight: 1, delayMs: 1_000, jitterMs: 0 } as const
    const deaf = { on: 'connected', step: 'stop-reading', weight: 1, delayMs: 500, jitterMs: 0 } as const
    const world = await new ProxyWorld(SHOP, { description: 'deaf while it answers', stages: [slow, deaf] }).start()
    await world.step(60_000)
    expect(world.said.filter((line) => line.endsWith('ACK'))).toEqual(['Cluster ACK'])
  })

  test('flapping: the stream is dropped again and again, and resumed', async () => {
    const world = await new ProxyWorld(SHOP, 'flapping').start()
    world.take('sent')
    await world.step(60_000)
    expect(world.streams).toBeGreaterThanOrEqual(4)
    expect(world.sent).toEqual([])
    expect(names(world, 'listener')).toEqual(['in', 'out'])
  })
})
