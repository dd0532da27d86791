import { beforeEach, describe, expect, test } from 'vitest'
import { draft, put } from '../../support/resource-builder.js'
import { brought, type FakeSidecar, ZoneLab } from './zone-lab.js'

const TIMEOUT = (seconds: number, targetRef?: object) => ({
  ...(targetRef && { targetRef }),
  rules: [{ default: { connectionTimeout: `${seconds}s` } }],
})

let lab: ZoneLab
let backend: FakeSidecar
let database: FakeSidecar

beforeEach(async () => {
  lab = await new ZoneLab().start()
  backend = lab.sidecar('default.backend-1', brought('backend-1', 'backend'))
  database = lab.sidecar('default.database-1', brought('database-1', 'database'))
  await lab.rest()
})

const timeout = (seconds: number, workload?: string) => {
  const ref = workload === undefined ? undefined : { kind: 'Dataplane', labels: { 'kuma.io/workload': workload } }
  return put(draft('MeshTimeout', 't', { spec: TIMEOUT(seconds, ref) as never }))
}

describe('a change', () => {
  test('of a policy for one workload builds and sends to that alone', async () => {
    const [before, others] = [backend.received.length, database.received.length]
    await lab.store.commit([timeout(7, 'backend')])
    await lab.rest()
    expect(backend.received.length).toBeGreaterThan(before)
    expect(database.received.length).toBe(others)
  })

  test('of a policy for the mesh reaches every sidecar', async () => {
    const before = [backend.received.length, database.received.length]
    await lab.store.commit([timeout(7)])
    await lab.rest()
    expect(backend.received.length).toBeGreaterThan(before[0] ?? 0)
    expect(database.received.length).toBeGreaterThan(before[1] ?? 0)
  })

  test('that changes nothing for a sidecar sends nothing', async () => {
    const before = backend.received.length
    await lab.store.commit([put(draft('MeshTimeout', 'elsewhere', { mesh: 'other', spec: TIMEOUT(7) as never }))])
    await lab.store.commit([put(draft('Workload', 'backend'))])
    await lab.rest()
    expect(backend.received.length).toBe(before)
  })

  test('of status alone sends nothing', async () => {
    const before = backend.received.length
    await lab.clock.stepAsync(60_000)
    await lab.rest()
    expect(backend.received.length).toBe(before)
  })
})

test('a Dataplane that is gone leaves its sidecar with what it had', async () => {
  const before = backend.received.length
  await lab.store.commit([
    { kind: 'delete', key: { type: 'Dataplane', mesh: 'default', name: 'backend-1' }, expect: 'any' },
  ])
  await lab.rest()
  expect(backend.received.slice(before).flatMap(({ removed }) => removed)).toEqual([])
})

test('settled resolves when every snapshot holds what the mirror holds, also when its sidecar has gone', async () => {
  await lab.store.commit([timeout(7)])
  const settled = lab.snapshots.settled()
  backend.link.cut()
  database.link.cut()
  await lab.rest()
  await expect(settled).resolves.toBeUndefined()
})
