import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import type { SharedDecoder } from '../../../src/load/counted-codec.js'
import { makeLightMember } from '../../../src/load/light-member.js'
import { loadResult } from '../../../src/load/load-result.js'
import { planLoad } from '../../../src/load/plan.js'
import { LOAD_REPORTS } from '../../../src/load/reports.js'
import { requireFreeNames } from '../../../src/load/run-guard.js'
import { WRITE_LABEL, writeBody } from '../../../src/load/write-body.js'
import { ZoneCrew } from '../../../src/load/zone-crew.js'
import { decodeKumaResource } from '../../../src/wire/resource-codec.js'
import { ControlPlanes, type RunningGlobal } from '../kds/control-planes.js'
import { runIn, targetOf, tiny } from './rig.js'

let planes: ControlPlanes
let global: RunningGlobal

beforeEach(async () => {
  planes = new ControlPlanes()
  global = await planes.global()
})
afterEach(() => planes.close())

/** Of what takes a few seconds on a machine that has nothing else to do. */
const TIMEOUT = 60_000

describe('a run of light zones', { timeout: TIMEOUT }, () => {
  test('brings every write to every zone, finds nothing lost, and leaves nothing behind', async () => {
    const { summary, verdict } = await runIn({ target: targetOf(global), scenario: tiny('topology: { zones: 4 }') })
    expect(summary.counts).toMatchObject({ zones: 4, zonesLive: 4, accepted: 20, refused: 0, dropped: 0, nacks: 0 })
    expect(summary.final).toMatchObject({ zones: 4, wrong: [] })
    expect(verdict.nothingLost).toBe(true)
    expect(summary.latency.zone.count).toBe(80)
    expect(await global.api.names('/zones')).toEqual([])
    expect(await global.api.names('/meshes')).toEqual(['default'])
    expect(summary.leftovers).toEqual([])
  })

  test.each(['light', 'full'])('takes nothing of another run for its own: %s', async (tier) => {
    await global.api.put('/meshes/zl-other1', { type: 'Mesh', name: 'zl-other1' })
    const mesh = 'zl-other1'
    const theirs = writeBody({ type: 'MeshTimeout', mesh, name: 'theirs', number: 5, group: undefined, bytes: 256 })
    await global.api.put('/meshes/zl-other1/meshtimeouts/theirs', theirs)
    const { summary } = await runIn({
      target: targetOf(global),
      scenario: tiny(`topology: { zones: 2, tier: ${tier} }`),
    })
    expect(summary.latency.zone.count).toBe(40)
    expect(summary.latency.firstZone.percentile(50)).toBeGreaterThan(0)
    expect(summary.final).toMatchObject({ zones: 2, wrong: [] })
  })

  test('sends up what its zones have, and asks as its release does', async () => {
    let sent: readonly string[] = []
    const scenario = tiny(`topology: { zones: 2, dataplanes: 3, services: 1, release: { '2.13': 50%, '3.0': 50% } }`)
    await runIn({
      target: targetOf(global),
      scenario,
      onLine: async (line) => {
        if (line.kind === 'phase' && line.phase === 'quiet') sent = await global.api.names('/dataplanes')
      },
    })
    expect(sent).toEqual(['dp-1', 'dp-1', 'dp-2', 'dp-2', 'dp-3', 'dp-3'])
  })

  test('finds the one delivery that was lost on its way', async () => {
    const last = planLoad({ scenario: tiny(), run: 'test01', tenants: ['default'] }).writes.length
    const crew = new ZoneCrew(systemClock, (order, zone, place, log) =>
      makeLightMember(order, zone, place, place === 1 ? { ...log, decoder: without(last, log.decoder) } : log),
    )
    const { summary, verdict } = await runIn({
      target: targetOf(global),
      scenario: tiny('topology: { zones: 3 }'),
      crew,
    })
    expect(verdict).toMatchObject({ outcome: 'crossed', nothingLost: false })
    expect(summary.final?.wrong).toEqual([
      { name: 'zl-test01-z2', lacks: [expect.stringMatching(`MeshTimeout/.*: has [0-9]+, should have ${last}$`)] },
    ])
  })

  test('shows a stall of its target in the latency of the writes that fell into it', async () => {
    let stalled = false
    const { summary } = await runIn({
      target: targetOf(global),
      scenario: tiny('topology: { zones: 2 }'),
      onLine: (line) => {
        if (stalled || line.kind !== 'interval' || line.phase !== 'load') return
        stalled = true
        setTimeout(() => stall(300), 400)
      },
    })
    expect(summary.latency.zone.percentile(99)).toBeGreaterThan(250)
    expect(summary.latency.accepted.maxMs).toBeGreaterThan(250)
  })

  test('ends at once when it is told to, and removes what it made', async () => {
    const { summary, verdict } = await runIn({
      target: targetOf(global),
      scenario: tiny('topology: { zones: 2 }'),
      onLine: (line, abort) => line.kind === 'phase' && line.phase === 'load' && abort.abort(),
    })
    expect(verdict.outcome).toBe('interrupted')
    expect(summary.counts.accepted).toBeLessThan(20)
    expect([await global.api.names('/zones'), await global.api.names('/meshes')]).toEqual([[], ['default']])
  })

  test('says what became of a target that died, and what it could not remove', async () => {
    const { summary, verdict } = await runIn({
      target: targetOf(global),
      scenario: tiny('topology: { zones: 2 }'),
      onLine: (line) => {
        if (line.kind === 'phase' && line.phase === 'load') void global.process.stop()
      },
    })
    expect([verdict.outcome, summary.end.message]).toEqual(['failed', expect.stringMatching(/^no zone is connected/)])
    expect(Object.keys(summary.counts.losses).length).toBeGreaterThan(0)
    expect(summary.writes.filter(({ why }) => why?.includes('cannot be reached')).length).toBeGreaterThan(0)
    expect(summary.leftovers.map(({ command }) => command)).toContain('zonelab load clean test01')
  })

  test('waits for a fault that outlasts the load before it says what was lost', async () => {
    const faults = '[{ at: 100ms, type: half-open, zones: 50%, for: 4s }]'
    const { summary, verdict } = await runIn({
      target: targetOf(global),
      scenario: tiny(`topology: { zones: 2, reconnect: 100ms }\nfaults: ${faults}`),
    })
    expect(summary.latency.zoneFaulted.count).toBeGreaterThan(0)
    expect([verdict.nothingLost, summary.final?.wrong]).toEqual([true, []])
  })

  test('cannot go on at a target that lets no zone in, says why, and writes no load', async () => {
    const target = { ...targetOf(global), zoneToken: async () => 'nonsense' }
    const secured = await planes.global({ kdsAuth: 'zone-token' })
    const { summary, verdict } = await runIn({
      target: { ...target, address: secured.address, api: targetOf(secured).api },
      scenario: tiny('topology: { zones: 2, reconnect: 100ms }'),
      liveWithinMs: 500,
    })
    expect([verdict.outcome, summary.end.message]).toEqual([
      'failed',
      expect.stringMatching(/^no zone came up in 0.5 s: .*token/),
    ])
    expect([summary.counts.accepted, await secured.api.names('/meshes')]).toEqual([0, ['default']])
  })

  test('cannot go on at a target that takes none of its writes, and says why', async () => {
    let isFull = false
    const full: typeof fetch = async (url, init) =>
      isFull && init?.method === 'PUT'
        ? Response.json({ title: 'the disk is full' }, { status: 507 })
        : fetch(url, init)
    const { summary, verdict } = await runIn({
      target: targetOf(global, full),
      scenario: tiny('topology: { zones: 1 }'),
      onLine: (line) => {
        if (line.kind === 'phase') isFull = line.phase === 'load'
      },
    })
    expect([verdict.outcome, summary.end.message]).toEqual([
      'failed',
      'the target took none of 20 writes: global: the disk is full',
    ])
    expect(LOAD_REPORTS.text(loadResult([summary.start, ...summary.writes, summary.end]))).toMatch(
      /WRITES THAT WERE REFUSED\n.*\n {2}global: the disk is full {2}20\n/,
    )
  })

  test('takes no name that is in use', async () => {
    const plan = planLoad({ scenario: tiny('topology: { zones: 2 }'), run: 'test01', tenants: ['default'] })
    await global.api.put('/zones/zl-test01-z2', { type: 'Zone', name: 'zl-test01-z2' })
    await expect(requireFreeNames(plan, targetOf(global))).rejects.toMatchObject({ code: 'guard-rail' })
  })
})

describe('a run of whole zones', { timeout: TIMEOUT }, () => {
  test('times each write until the sidecars that it concerns have it, and compares what every one of them runs with', async () => {
    const scenario = tiny('topology: { zones: 2, dataplanes: 2, services: 1, outbounds: 1, tier: full }')
    const { summary } = await runIn({ target: targetOf(global), scenario })
    expect(summary.final).toMatchObject({ zones: 2, sidecars: 4, wrong: [], sidecarsJudged: true })
    expect(summary.latency.sidecar.count).toBeGreaterThan(0)
    expect([...summary.hops.keys()].sort()).toEqual(['sidecar', 'snapshot'])
    expect(summary.latency.zone.count).toBe(40)
  })

  test('times a hop once for each write, though a cluster shows those of every type each time that it is sent', async () => {
    const { load, ...scenario } = tiny('topology: { zones: 1, dataplanes: 1, services: 1, outbounds: 1, tier: full }')
    const mix = { MeshTimeout: 1, MeshCircuitBreaker: 1 }
    const { summary } = await runIn({ target: targetOf(global), scenario: { ...scenario, load: { ...load, mix } } })
    expect(summary.hops.get('snapshot')?.count).toBeLessThanOrEqual(summary.latency.sidecar.count)
  })
})

/** As a decoder that loses one write from what it decodes. */
function without(write: number, decoder: Pick<SharedDecoder, 'decode'>): Pick<SharedDecoder, 'decode'> {
  return {
    decode(bytes) {
      const response = decoder.decode(bytes)
      const rest = response.resources.filter(
        ({ payload }) => decodeKumaResource(payload).labels[WRITE_LABEL] !== String(write),
      )
      return { ...response, resources: rest }
    },
  }
}

/** Holds up everything in this process, the global included. */
function stall(forMs: number): void {
  const untilMs = systemClock.monotonicMs() + forMs
  while (systemClock.monotonicMs() < untilMs);
}
