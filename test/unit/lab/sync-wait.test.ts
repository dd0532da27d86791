import { expect, test } from 'vitest'
import type { Laggard } from '../../../src/insights/sync-report.js'
import { type SyncWitness, untilSynced } from '../../../src/lab/sync-wait.js'
import { FakeClock } from '../../support/fake-clock.js'

/** Witnesses that answer at once, as told. */

const TIMEOUT_MS = 1_000

type Zone = SyncWitness & { zone: string }

function witness(name: string, laggards: readonly Laggard[] = [], answers = true, tenant = 'default'): Zone {
  return {
    name,
    tenant,
    zone: name.replace('dataplanes/', ''),
    answers: async () => answers,
    untilSynced: async () => ({ synced: laggards.length === 0, laggards }),
  }
}

function globalThatSees(zones: readonly string[], laggards: readonly Laggard[] = []) {
  const seen = new Set(zones.map((zone) => (zone.includes('/') ? zone : `default/${zone}`)))
  return { ...witness('global', laggards), tenant: undefined, zonesSeen: async () => seen }
}

async function outcome(witnesses: Parameters<typeof untilSynced>[0]) {
  const clock = new FakeClock()
  const result = untilSynced(witnesses, TIMEOUT_MS, clock)
  await clock.stepAsync(TIMEOUT_MS + 1)
  return result
}

const late = (component: string): Laggard => ({ component, type: 'MeshTimeout', why: 'has not answered' })

test('all of them synced is synced', async () => {
  const zones = [witness('zone-1'), witness('zone-2')]
  const fleets = [witness('dataplanes/zone-1')]
  const answer = await outcome({ global: globalThatSees(['zone-1', 'zone-2']), zones, fleets, absent: [] })
  expect(answer).toEqual({ synced: true, laggards: [] })
})

test('a zone that does not answer is a laggard although the global has nothing new for it', async () => {
  const zones = [witness('zone-1'), witness('zone-2', [], false)]
  const answer = await outcome({ global: globalThatSees(['zone-1', 'zone-2']), zones, fleets: [], absent: [] })
  expect(answer.laggards).toEqual([
    { component: 'zone-2', tenant: 'default', type: undefined, why: 'does not answer: stopped, paused or overloaded' },
  ])
})

test('a zone that has never connected is a laggard although the global does not know it', async () => {
  const answer = await outcome({ global: globalThatSees([]), zones: [witness('zone-1')], fleets: [], absent: [] })
  expect(answer.laggards).toEqual([
    { component: 'zone-1', tenant: 'default', type: undefined, why: 'has never connected to the global' },
  ])
})

test('of a zone that is away the sidecars are not named one by one', async () => {
  const absent = [{ component: 'zone-1', tenant: 'default', type: undefined, why: 'is stopped' }]
  const fleets = [witness('dataplanes/zone-1', [late('dp/zone-1/web-1')])]
  expect((await outcome({ global: globalThatSees([]), zones: [], fleets, absent })).laggards).toEqual(absent)
})

test('laggards of the global, of zones and of fleets are named together', async () => {
  const answer = await outcome({
    global: globalThatSees(['zone-1'], [late('zone-1')]),
    zones: [witness('zone-1', [late('dp/zone-1/web-1')])],
    fleets: [witness('dataplanes/zone-1', [late('dp/zone-1/web-2')])],
    absent: [],
  })
  expect(answer.laggards.map(({ component }) => component)).toEqual(['zone-1', 'dp/zone-1/web-2', 'dp/zone-1/web-1'])
})

test('zones of one name in two tenants are two', async () => {
  const of = (tenant: string, laggards: readonly Laggard[] = []) => witness('zone-1', laggards, true, tenant)
  const never = await outcome({
    global: globalThatSees(['a/zone-1']),
    zones: [of('a'), of('b')],
    fleets: [],
    absent: [],
  })
  expect(never.laggards).toEqual([
    { component: 'zone-1', tenant: 'b', type: undefined, why: 'has never connected to the global' },
  ])
  const stopped = await outcome({
    global: globalThatSees(['a/zone-1']),
    zones: [of('a', [late('dp/zone-1/web-1')])],
    fleets: [],
    absent: [{ component: 'zone-1', tenant: 'b', type: undefined, why: 'is stopped' }],
  })
  expect(stopped.laggards.map(({ component, tenant }) => [component, tenant])).toEqual([
    ['zone-1', 'b'],
    ['dp/zone-1/web-1', 'a'],
  ])
})
