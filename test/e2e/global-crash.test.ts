import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { askApi, buildProgram, componentOf, configurations, Home, without } from './program.js'

/** The global is killed in the middle of writes: what it acknowledged is there, and no sidecar noticed. */

beforeAll(buildProgram, 150_000)

const WRITES = 200

function retryPolicy(index: number) {
  return {
    type: 'MeshRetry',
    mesh: 'default',
    name: `crash-${index}`,
    spec: {
      targetRef: { kind: 'Mesh' },
      to: [{ targetRef: { kind: 'Mesh' }, default: { tcp: { maxConnectAttempt: (index % 9) + 1 } } }],
    },
  }
}

test('a global that dies in the middle of 200 writes loses none that it acknowledged', {
  timeout: 120_000,
}, async () => {
  await using home = await Home.make()
  const view = JSON.parse(
    await home.ok(['up', '--zones', '2', '--dataplanes', '3', '--detach', '-o', 'json']),
  ) as LabView
  const global = componentOf(view, 'global')
  const before = await configurations(view, 'frontend')
  expect(without(before, 'kri_msvc_default')).toEqual([])

  const acknowledged: string[] = []
  const writes = Array.from({ length: WRITES }, async (_, index) => {
    const policy = retryPolicy(index)
    const answer = await askApi(global, `/meshes/default/meshretries/${policy.name}`, {
      method: 'PUT',
      body: JSON.stringify(policy),
    }).catch(() => undefined)
    if (answer?.ok) acknowledged.push(policy.name)
    // The first acknowledgements are out and most writes are under way: now.
    if (acknowledged.length === 20) process.kill(global.pid ?? 0, 'SIGKILL')
  })
  await Promise.all(writes)
  expect(acknowledged.length).toBeGreaterThanOrEqual(20)
  expect(acknowledged.length).toBeLessThan(WRITES)
  expect(without(await configurations(view, 'frontend'), 'kri_msvc_default')).toEqual([])

  await home.ok(['start', 'global'])
  await home.ok(['wait', '--for', 'synced', '--timeout', '30s'])
  const answer = await askApi(global, '/meshes/default/meshretries?size=1000')
  const { items } = (await answer.json()) as { items: { name: string }[] }
  const kept = new Set(items.map(({ name }) => name))
  expect(acknowledged.filter((name) => !kept.has(name))).toEqual([])
  expect(without(await configurations(view, 'frontend'), 'kri_msvc_default')).toEqual([])
})
