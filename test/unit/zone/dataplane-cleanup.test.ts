import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { DataplaneCleanup } from '../../../src/zone/dataplane-cleanup.js'
import { draft, put } from '../../support/resource-builder.js'
import { ZoneLab } from './zone-lab.js'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

test('a Dataplane whose sidecar is offline for 72 hours goes, and no other', async () => {
  const lab = await new ZoneLab().start()
  const { store, mirror, clock } = lab
  const at = (hours: number) => new Date(clock.nowMs() + hours * HOUR_MS).toISOString()
  const insight = (name: string, subscriptions: object[]) =>
    put(draft('DataplaneInsight', name, { spec: { subscriptions: subscriptions as never } }))
  const names = ['long-gone', 'away', 'back', 'never-seen']
  await store.commit([
    ...names.map((name) => put(draft('Dataplane', name))),
    insight('long-gone', [
      { connectTime: at(-2), disconnectTime: at(-1) },
      { connectTime: at(-1), disconnectTime: at(0) },
    ]),
    insight('away', [{ connectTime: at(0), disconnectTime: at(1) }]),
    insight('back', [{ connectTime: at(-2), disconnectTime: at(-1) }, { connectTime: at(0) }]),
    insight('without-dataplane', [{ connectTime: at(-2), disconnectTime: at(-1) }]),
  ])
  const cleanup = new DataplaneCleanup({ store, mirror, clock, log: silentLogger, ageMs: 72 * HOUR_MS })
  await cleanup.start()
  await clock.stepAsync(72 * HOUR_MS - MINUTE_MS)
  expect(await lab.names('Dataplane')).toEqual([...names].sort())
  await clock.stepAsync(MINUTE_MS)
  expect(await lab.names('Dataplane')).toEqual(['away', 'back', 'never-seen'])
  await cleanup.stop()
  expect(clock.armed).toBe(0)
})
