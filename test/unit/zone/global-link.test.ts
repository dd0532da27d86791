import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { Hops } from '../../../src/base/hops.js'
import { silentLogger } from '../../../src/base/log.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { ZoneInsight } from '../../../src/insights/zone.js'
import type { JsonObject } from '../../../src/model/json.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../../src/protocol/messages.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { upRecipe } from '../../../src/sync/recipes.js'
import { View } from '../../../src/sync/view.js'
import type { AdminRequest, AdminResponse } from '../../../src/wire/admin-codec.js'
import { GlobalLink } from '../../../src/zone/global-link.js'
import { type GlobalConnection, LinkSession } from '../../../src/zone/link-session.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { MemoryLink } from '../../support/memory-duplex.js'
import { draft, put } from '../../support/resource-builder.js'

const BASE_MS = 1_000

/** One connection of the zone, as the global has it. */
interface Dialled {
  readonly down: MemoryLink<DeltaRequest, DeltaResponse<Uint8Array>, DeltaResponse<Uint8Array>, DeltaRequest>
  readonly up: MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, EncodedResponse>
  readonly admin: MemoryLink<AdminResponse, AdminRequest, AdminRequest, AdminResponse>[]
  closed: boolean
}

let clock: FakeClock
let store: TenantStore
let dialled: Dialled[]
let healthChecks: number
let health: () => Promise<number | undefined>
let beforeDial: () => void
let link: GlobalLink

function connect(): GlobalConnection {
  beforeDial()
  const same = <T>(message: T): T => message
  const now: Dialled = {
    down: new MemoryLink({ toRight: same, toLeft: same, auto: true }),
    up: new MemoryLink({ toRight: same, toLeft: same, auto: true }),
    admin: [],
    closed: false,
  }
  dialled.push(now)
  return {
    globalToZone: () => now.down.left,
    zoneToGlobal: () => now.up.left,
    admin: () => {
      const stream: Dialled['admin'][number] = new MemoryLink({ toRight: same, toLeft: same, auto: true })
      now.admin.push(stream)
      return stream.left
    },
    healthCheck: () => {
      healthChecks += 1
      return health()
    },
    close: () => {
      now.closed = true
    },
  }
}

beforeEach(async () => {
  clock = new FakeClock()
  const ports = { clock, random: seededRandom(1), log: silentLogger }
  store = new MemoryStore(ports).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Zone', 'zone-1'))])
  dialled = []
  healthChecks = 0
  health = async () => undefined
  beforeDial = () => {}
  const recipe = upRecipe('zone-1', { skipPrefixes: [] })
  const view = new View({ store, recipe, id: 'v', messageBytesMax: 1e7, metrics: noMetrics, ...ports })
  await view.start()
  const insight = new ZoneInsight({
    ...ports,
    store,
    zone: 'zone-1',
    side: 'zone',
    instanceId: 'zone-cp',
    flushIntervalMs: 10_000,
    subscriptionLimit: 10,
  })
  link = new GlobalLink({
    onChange: () => {},
    ...ports,
    backoff: { baseMs: BASE_MS, capMs: 8 * BASE_MS, jitter: 0 },
    dial: (reports, before) =>
      new LinkSession({
        ...ports,
        connect,
        tenant: 'default',
        zone: 'zone-1',
        instanceId: 'zone-cp',
        config: '{"store":{"type":"memory"}}',
        store,
        view,
        insight,
        authTokenProvided: false,
        serveAdmin: (_rpc, duplex, onEnd) => duplex.open({ onMessage: () => {}, onWritable: () => {}, onEnd }),
        reports,
        before,
        hops: new Hops(clock),
      }),
  })
})

async function rest(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await settled()
}

function current(): Dialled {
  const now = dialled.at(-1)
  if (!now) throw new Error('nothing was dialled')
  return now
}

/** The global asks for one type on the upward stream: the link is good. */
async function speak(): Promise<void> {
  const { right } = current().up
  right.open({ onMessage: () => {}, onWritable: () => {}, onEnd: () => {} })
  const node: JsonObject = { id: 'zone-1', metadata: { 'control-plane-id': 'global-1' } }
  right.send({
    type: 'Workload',
    nonce: '',
    subscribe: ['*'],
    unsubscribe: [],
    initialVersions: new Map(),
    error: undefined,
    node,
  })
  await rest()
}

async function fails(times: number): Promise<readonly number[]> {
  const waits: number[] = []
  for (let i = 0; i < times; i += 1) {
    current().down.cut()
    await rest()
    const before = dialled.length
    let waited = 0
    while (dialled.length === before && waited < 100_000) {
      await clock.stepAsync(BASE_MS)
      waited += BASE_MS
      await rest()
    }
    waits.push(waited)
  }
  return waits
}

describe('the link to a global', () => {
  test('opens three admin streams, both sync streams and a health check on one connection', async () => {
    await link.start()
    await rest()
    expect([dialled.length, current().admin.length, healthChecks, link.state.kind]).toEqual([1, 3, 1, 'dialing'])
    await speak()
    expect(link.state.kind).toBe('streaming')
  })

  test('waits twice as long each time up to the cap, until the global has said something', async () => {
    await link.start()
    await rest()
    expect(await fails(5)).toEqual([1, 2, 4, 8, 8].map((factor) => factor * BASE_MS))
    await speak()
    expect(await fails(1)).toEqual([BASE_MS])
  })

  test('hangs up everything before it dials anew, whichever part failed', async () => {
    await link.start()
    await rest()
    current().up.cut()
    await rest()
    expect([dialled.length, current().closed, link.state.kind]).toEqual([1, true, 'backing-off'])
    let allClosed = true
    beforeDial = () => {
      allClosed = dialled.every(({ closed }) => closed)
    }
    await clock.stepAsync(BASE_MS)
    await rest()
    expect([dialled.length, allClosed]).toEqual([2, true])
  })

  test('survives a dial that throws: a token file that is not there now may be there later', async () => {
    beforeDial = () => {
      throw new AppError('invalid-argument', 'cannot read the zone token')
    }
    await link.start()
    await rest()
    expect(link.state).toMatchObject({ kind: 'backing-off', reason: { detail: 'cannot read the zone token' } })
    beforeDial = () => {}
    await clock.stepAsync(BASE_MS)
    await rest()
    expect(dialled).toHaveLength(1)
  })

  test.each([
    ['CANCELLED', 1, 'streaming'],
    ['UNIMPLEMENTED', 12, 'streaming'],
    ['OK', 0, 'backing-off'],
    ['INVALID_ARGUMENT', 3, 'backing-off'],
    ['UNAVAILABLE', 14, 'backing-off'],
  ])('after an admin stream that ends with %s', async (_name, status, state) => {
    await link.start()
    await rest()
    await speak()
    current().admin[0]?.left.lose({ kind: 'peer-ended', status, detail: 'so' })
    await rest()
    expect(link.state.kind).toBe(state)
  })

  test('checks health every five minutes, or as often as the global asks', async () => {
    await link.start()
    await rest()
    current().down.right.open({ onMessage: () => {}, onWritable: () => {}, onEnd: () => {} })
    await clock.stepAsync(5 * 60_000 - 1)
    expect(healthChecks).toBe(1)
    health = async () => 30_000
    await clock.stepAsync(1)
    await clock.stepAsync(30_000)
    expect(healthChecks).toBe(3)
  })

  test.each([
    ['unimplemented', 'dialing'],
    ['unavailable', 'backing-off'],
  ] as const)('a health check that is %s leaves it %s', async (code, state) => {
    health = () => Promise.reject(new AppError(code, 'no'))
    await link.start()
    await rest()
    expect(link.state.kind).toBe(state)
  })

  test('says it in the zone’s own insight: online with the first request, offline when it stops', async () => {
    await link.start()
    await rest()
    await speak()
    const subscription = async () => {
      const insight = await store.get({ type: 'ZoneInsight', mesh: undefined, name: 'zone-1' })
      return ((insight ? specOf(insight).subscriptions : []) as readonly JsonObject[])[0]
    }
    expect(await subscription()).toMatchObject({ globalInstanceId: 'global-1', zoneInstanceId: 'zone-cp' })
    expect(await subscription()).not.toHaveProperty('disconnectTime')
    await link.stop()
    await rest()
    expect(await subscription()).toHaveProperty('disconnectTime')
  })

  test('stopped, dials no more and arms nothing', async () => {
    await link.start()
    await rest()
    current().down.cut()
    await rest()
    await link.stop()
    await clock.stepAsync(600_000)
    expect([dialled.length, link.state.kind, clock.armed]).toEqual([1, 'stopped', 0])
  })
})
