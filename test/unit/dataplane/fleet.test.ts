import { expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { type Hop, Hops } from '../../../src/base/hops.js'
import { silentLogger } from '../../../src/base/log.js'
import { Fleet } from '../../../src/dataplane/fleet.js'
import { parseFleet } from '../../../src/dataplane/fleet-file.js'
import { FleetStatus } from '../../../src/dataplane/fleet-status.js'
import type { AdsDuplex } from '../../../src/dataplane/proxy-stream.js'
import { Publisher } from '../../../src/protocol/publisher.js'
import { SharedResponses } from '../../../src/protocol/shared-responses.js'
import { SnapshotSource } from '../../../src/protocol/snapshot-source.js'
import { decodeXdsResponse, encodeDeltaResponse } from '../../../src/wire/delta-codec.js'
import { envoySnapshot, listener, staticCluster } from '../../support/envoy-snapshot.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { MemoryLink } from '../../support/memory-duplex.js'

const SHOP = envoySnapshot({ cluster: [staticCluster('self')], listener: [listener('in', 80)] })

interface Rig {
  readonly clock: FakeClock
  readonly fleet: Fleet
  readonly status: FleetStatus
  readonly source: SnapshotSource
  readonly hops: Hops
  /** Token files of the streams that were opened. */
  readonly opened: (string | undefined)[]
}

function rig(dataplanes: object[], { away = false } = {}): Rig {
  const clock = new FakeClock()
  const hops = new Hops(clock)
  const opened: (string | undefined)[] = []
  const encode = (type: string, nonce: string, resources: readonly Uint8Array[], removed: readonly string[]) =>
    encodeDeltaResponse({ type, nonce, resources, removed, controlPlane: '' })
  const source = new SnapshotSource({ responses: new SharedResponses(encode) })
  source.replace(SHOP)
  const serve = (): AdsDuplex => {
    const link = new MemoryLink({
      auto: true,
      toRight: ({ bytes }: { bytes: Uint8Array }) => decodeXdsResponse(bytes),
      toLeft: (request: Parameters<AdsDuplex['send']>[0]) => request,
    })
    new Publisher({ duplex: link.left, source, clock }).start()
    return link.right
  }
  const fleet: Fleet = new Fleet({
    members: parseFleet(JSON.stringify({ dataplanes }), 'fleet.json'),
    zone: 'zone-2',
    rampPerSecond: 10,
    seed: 3,
    connect: (tokenFile) => {
      opened.push(tokenFile)
      if (away) throw new AppError('unavailable', 'the zone is away')
      return { duplex: serve(), release: () => {} }
    },
    adminPortOf: () => undefined,
    clock,
    log: silentLogger,
    hops,
    onProgress: () => status.changed(),
  })
  const status: FleetStatus = new FleetStatus({ zone: 'zone-2', clock, proxies: () => fleet.proxies.values() })
  return { clock, fleet, status, source, hops, opened }
}

test('a fleet starts at its pace, spread by jitter', async () => {
  const { clock, fleet, opened, status } = rig([{ mesh: 'default', name: 'web', count: 40 }])
  fleet.start()
  expect(opened).toHaveLength(1)
  await clock.stepAsync(2_000)
  expect(opened.length).toBeGreaterThan(13)
  expect(opened.length).toBeLessThan(30)
  expect(status.ready).toBe(false)
  await clock.stepAsync(4_000)
  expect([opened.length, status.ready, fleet.pooled]).toEqual([40, true, 2])
})

test('a stopped fleet starts no more proxies', async () => {
  const { clock, fleet, opened } = rig([{ mesh: 'default', name: 'web', count: 40 }])
  fleet.start()
  fleet.stop()
  await clock.stepAsync(60_000)
  expect([opened.length, clock.armed]).toEqual([1, 0])
})

test('each proxy has the token that its row names', async () => {
  const { clock, fleet, opened } = rig([
    { mesh: 'a', name: 'one', tokenFile: '/tokens/a' },
    { mesh: 'b', name: 'two' },
  ])
  fleet.start()
  await clock.stepAsync(1_000)
  expect(opened).toEqual(['/tokens/a', undefined])
})

test('who reads hops is told what was applied, and not what was refused', async () => {
  const { clock, fleet, source, hops } = rig([{ mesh: 'default', name: 'web' }])
  fleet.start()
  await clock.stepAsync(1_000)
  const read: Hop[] = []
  hops.read((hop) => read.push(hop))
  source.replace(
    envoySnapshot({ cluster: [staticCluster('self')], listener: [listener('in', 81), listener('out', 81)] }),
  )
  await clock.stepAsync(1)
  await settled()
  expect(read.map(({ hop, peer, type, name, version }) => [hop, peer, type.split('.').at(-1), name, version])).toEqual([
    ['dataplane-applied', 'zone-2/default.web', 'Listener', 'in', expect.stringMatching(/^[0-9a-f]{64}$/)],
  ])
})

test('synced means that every proxy is connected and refuses nothing; the laggards are named with why', async () => {
  const { clock, fleet, source, status } = rig([{ mesh: 'default', name: 'web' }])
  const early = status.untilSynced(10_000)
  fleet.start()
  await clock.stepAsync(1_000)
  expect(await early).toEqual({ synced: true, laggards: [] })

  source.replace(
    envoySnapshot({ cluster: [staticCluster('self')], listener: [listener('in', 80), listener('out', 80)] }),
  )
  await clock.stepAsync(1)
  await settled()
  const late = status.untilSynced(500)
  await clock.stepAsync(500)
  expect(await late).toEqual({
    synced: false,
    laggards: [
      {
        component: 'dp/zone-2/web',
        type: expect.stringMatching(/Listener$/),
        why: expect.stringMatching(/^refused out: error adding listener/),
      },
    ],
  })
  expect(status.rows().map(({ peer, state }) => `${peer} ${state}`)).toEqual([
    'default/web SYNCED',
    'default/web NACKED',
  ])
})

test('a fleet whose zone is away is offline, with why', async () => {
  const { clock, fleet, status } = rig([{ mesh: 'default', name: 'web' }], { away: true })
  fleet.start()
  await clock.stepAsync(1_000)
  expect([status.ready, status.rows()[0]?.state, status.rows()[0]?.detail]).toEqual([
    false,
    'OFFLINE',
    'the zone is away',
  ])
})

test('a fleet is ready although a proxy is one that refuses on purpose', async () => {
  const { clock, fleet, status } = rig([
    { mesh: 'default', name: 'good' },
    { mesh: 'default', name: 'bad', behaviour: 'nack-type' },
  ])
  fleet.start()
  await clock.stepAsync(1_000)
  await settled()
  expect(status.ready).toBe(true)
})
