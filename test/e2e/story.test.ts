import { readdirSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { alive, askApi, buildProgram, childrenOf, componentOf, configurations, Home, without } from './program.js'

/**
 * The story of a lab, with real processes. It believes no status of zonelab: configurations are read from the sidecars'
 * own admin interfaces, resources from each zone's API, processes from the system.
 */

beforeAll(buildProgram, 150_000)

const ZONES = ['zone-1', 'zone-2', 'zone-3']

/** With a value that nothing else has. */
function timeoutPolicy(timeout: string): string {
  return `
type: MeshTimeout
mesh: default
name: story
spec:
  targetRef: { kind: Mesh }
  to:
    - targetRef: { kind: MeshService, labels: { kuma.io/display-name: database } }
      default: { connectionTimeout: ${timeout} }
`
}

async function timeoutsHeldBy(view: LabView, zone: string): Promise<string[]> {
  const answer = await askApi(componentOf(view, zone), '/meshes/default/meshtimeouts?size=1000')
  const { items } = (await answer.json()) as { items: { labels: Record<string, string>; spec: object }[] }
  return items
    .filter(({ labels }) => labels['kuma.io/display-name'] === 'story')
    .map(({ spec }) => JSON.stringify(spec))
}

test('a policy travels to every sidecar, over kills, pauses and restarts, and nothing is left', {
  timeout: 180_000,
}, async () => {
  await using home = await Home.make()
  const view = JSON.parse(
    await home.ok(['up', '--zones', '3', '--dataplanes', '10', '--detach', '-o', 'json']),
  ) as LabView
  const pids = [view.pid ?? 0, ...view.components.map(({ pid }) => pid ?? 0)]

  expect(childrenOf(view.pid ?? 0).sort()).toEqual(view.components.map(({ pid }) => pid).sort())
  expect(view.components).toHaveLength(1 + 3 + 3)
  expect(pids.every(alive)).toBe(true)

  await home.ok(['apply', '-f', 'examples/'])
  await home.ok(['apply', '-f', '-'], timeoutPolicy('4.321s'))
  await home.ok(['wait', '--for', 'synced', '--timeout', '10s'])
  const backends = await configurations(view, 'backend')
  expect(backends.size).toBe(9)
  expect(without(backends, '"4.321s"')).toEqual([])
  for (const zone of ZONES) expect(await timeoutsHeldBy(view, zone)).toEqual([expect.stringContaining('4.321s')])
  const matrix = JSON.parse(await home.ok(['inspect', 'sync', '-o', 'json'])) as {
    items: { zone: string; state: string }[]
  }
  expect(matrix.items.map(({ zone, state }) => [zone, state])).toEqual(ZONES.map((zone) => [zone, 'SYNCED']))

  await home.ok(['kill', 'zone-2'])
  await home.ok(['wait', '--for', 'zone/zone-2=offline', '--timeout', '10s'])
  await home.ok(['apply', '-f', '-'], timeoutPolicy('5.432s'))
  const late = await home.run(['wait', '--for', 'synced', '--timeout', '1s'])
  expect(late).toMatchObject({ code: 3, stderr: expect.stringContaining('zone-2') })
  expect(without(await configurations(view, 'backend'), '"5.432s"')).toEqual(
    ['backend-1', 'backend-2', 'backend-3'].map((name) => `zone-2/${name}`),
  )

  await home.ok(['start', 'zone-2'])
  await home.ok(['wait', '--for', 'synced', '--timeout', '20s'])
  expect(without(await configurations(view, 'backend'), '"5.432s"')).toEqual([])
  for (const zone of ZONES) expect(await timeoutsHeldBy(view, zone)).toEqual([expect.stringContaining('5.432s')])

  await home.ok(['delete', 'meshtimeout', 'story'])
  await home.ok(['wait', '--for', 'synced', '--timeout', '10s'])
  const after = await configurations(view, 'backend')
  expect(without(after, '"5.432s"')).toHaveLength(after.size)
  for (const zone of ZONES) expect(await timeoutsHeldBy(view, zone)).toEqual([])

  await home.ok(['pause', 'zone-3'])
  const paused = await home.run(['wait', '--for', 'synced', '--timeout', '2s'])
  expect(paused).toMatchObject({ code: 3, stderr: expect.stringMatching(/zone-3: does not answer/) })
  expect(paused.stderr).not.toContain('zone-1')
  await home.ok(['resume', 'zone-3'])
  await home.ok(['wait', '--for', 'synced', '--timeout', '10s'])

  const now = JSON.parse(await home.ok(['status', '-o', 'json'])) as LabView
  await home.ok(['down', '--purge'])
  expect([...pids, ...now.components.map(({ pid }) => pid ?? 0)].filter(alive)).toEqual([])
  expect(
    readdirSync(home.dir, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()),
  ).toEqual([])
})
