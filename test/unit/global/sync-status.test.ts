import { beforeEach, describe, expect, test } from 'vitest'
import { DOWN_TYPES } from '../../../src/model/registry.js'
import { draft, put } from '../../support/resource-builder.js'
import { KdsLab } from './kds-lab.js'

let lab: KdsLab

beforeEach(() => {
  lab = new KdsLab()
})

const zoneDraft = (name: string, enabled = true) => put(draft('Zone', name, { spec: { enabled } }))

async function states(zone: string): Promise<readonly string[]> {
  return [...new Set((await lab.status.rows()).filter(({ peer }) => peer === zone).map(({ state }) => state))]
}

describe('the rows of the status', () => {
  test('an enabled zone has a row for each type, online or not; a disabled one has none', async () => {
    await lab.store.commit([zoneDraft('away'), zoneDraft('off', false)])
    lab.zone('zone-1')
    await lab.rest()
    const rows = await lab.status.rows()
    const count = (zone: string) => rows.filter(({ peer }) => peer === zone).length
    expect([count('zone-1'), count('away'), count('off')]).toEqual([DOWN_TYPES.length, DOWN_TYPES.length, 0])
    expect([await states('zone-1'), await states('away')]).toEqual([['SYNCED'], ['OFFLINE']])
  })

  test('an online zone that has asked for nothing yet is pending', async () => {
    await lab.store.commit([zoneDraft('zone-1')])
    lab.zone('zone-1', [])
    await lab.rest()
    expect(await states('zone-1')).toEqual(['PENDING'])
  })

  test('a refusal is shown with its reason until what was refused changes', async () => {
    const zone = lab.zone('zone-1')
    await lab.rest()
    zone.answer = () => ({ kind: 'refused', refusals: [{ name: 'm.', version: 'v', reason: 'no room' }] })
    await lab.store.commit([put(draft('Mesh', 'm'))])
    await lab.rest()
    const row = (await lab.status.rows()).find(({ type }) => type === 'Mesh')
    expect(row).toMatchObject({ state: 'NACKED', detail: expect.stringContaining('no room') })
  })

  test('status of others does not make a zone late', async () => {
    lab.zone('zone-1')
    await lab.rest()
    for (let i = 0; i < 5; i += 1) await lab.store.commit([put(draft('DataplaneInsight', `dp-${i}`))])
    await lab.rest()
    expect((await lab.status.rows()).map(({ behind }) => behind)).toEqual(DOWN_TYPES.map(() => 0))
  })
})

describe('waiting until all are in sync', () => {
  test('ends with the last answer, and leaves no one waiting', async () => {
    const zone = lab.zone('zone-1')
    await lab.rest()
    zone.link.left.stalled = true
    await lab.store.commit([put(draft('Mesh', 'm'))])
    const waiting = lab.status.untilSynced(60_000)
    await lab.rest()
    zone.link.left.stalled = false
    await lab.store.commit([put(draft('Mesh', 'm2'))])
    zone.link.flush()
    await lab.rest()
    expect(await waiting).toEqual({ synced: true, laggards: [] })
  })

  test('does not end while a zone that came just now still asks', async () => {
    lab.zone('zone-1', ['Mesh'])
    await lab.rest()
    const waiting = lab.status.untilSynced(60_000)
    let done = false
    void waiting.then(() => {
      done = true
    })
    await lab.rest()
    expect(done).toBe(false)
    // It asks for nothing more: the types that it does not know are nothing to wait for.
    await lab.clock.stepAsync(1_000)
    expect((await waiting).synced).toBe(true)
  })

  test('at its end names the offline, the silent and the refusing, and why', async () => {
    await lab.store.commit([zoneDraft('away')])
    const refusing = lab.zone('refusing')
    await lab.rest()
    refusing.answer = () => ({ kind: 'refused', refusals: [{ name: 'm.', version: 'v', reason: 'no room' }] })
    const silent = lab.zone('silent')
    await lab.rest()
    silent.link.right.stalled = true
    await lab.store.commit([put(draft('Mesh', 'm'))])
    await lab.rest()
    const waiting = lab.status.untilSynced(5_000)
    await lab.clock.stepAsync(5_000)
    const { synced, laggards } = await waiting
    expect(synced).toBe(false)
    expect(laggards.map(({ component, why }) => [component, why])).toEqual([
      ['away', 'the zone is offline'],
      ['refusing', expect.stringContaining('no room')],
      ['silent', 'has not answered'],
    ])
  })
})
