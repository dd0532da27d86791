import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { eventually } from '../integration/kds/control-planes.js'
import { buildProgram, componentOf, Home } from './program.js'

/** Globals of two regions behind one manager, with real processes. */

beforeAll(buildProgram, 150_000)

test('a lab of several shards: each control plane on one, and nobody minds the end of the other', {
  timeout: 240_000,
}, async () => {
  await using home = await Home.make()
  // Nobody's: the manager would put the next control plane of its region there.
  const flags = ['--shards', 'us-1,eu-1,us-2', '--auth', 'sat', '--tenants', '2', '--zones', '1', '--dataplanes', '1']
  const view = JSON.parse(await home.ok(['up', ...flags, '--detach', '-o', 'json'])) as LabView
  expect(view.components.map(({ name }) => name).slice(0, 3)).toEqual(['platform', 'global/us-1', 'global/eu-1'])
  expect(view.controlPlanes).toMatchObject({ 'cp-1': { shard: 'us-1' }, 'cp-2': { shard: 'eu-1' } })
  await home.ok(['wait', '--for', 'synced', '--timeout', '60s'])

  await home.ok(['tenant', 'create', 'team-eu', '--shard', 'eu-1'])
  const wide = await home.ok(['tenant', 'list', '-o', 'wide'])
  expect(wide).toMatch(/cp-1 .*us-1 \(us\) .*1\/1 online/)
  expect(wide).toMatch(/cp-2 .*eu-1 \(eu\) .*1\/1 online/)
  expect(wide).toMatch(/team-eu .*eu-1 \(eu\) .*0\/0 online/)
  expect(await home.ok(['tenant', 'list', '-o', 'name'])).toBe('cp-1\ncp-2\nteam-eu\n')
  expect(await home.run(['tenant', 'create', 'x', '--shard', 'ap-1'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('has us-1, eu-1'),
  })
  const { kds = '' } = componentOf(view, 'global/eu-1').endpoints
  const provisioned = await home.ok(['zone', 'provision', 'zone-9', '--tenant', 'team-eu', '--for', 'kuma'])
  expect(provisioned).toMatch(/^KONNECT_REGION=eu\n/)
  expect(provisioned).toContain(`GLOBAL_ADDRESS=${kds}\n`)

  // What a run makes is on the global that it judges.
  const judged = ['--profile', 'kds-multitenant', '--case', 'ZT-168']
  expect(await home.ok(['conformance', 'run', '--lab', 'default', '--tenant', 'cp-1', ...judged])).toMatch(/1 passed/)

  await home.ok(['kill', 'global/eu-1'])
  const rule = '{ targetRef: { kind: Mesh }, default: { idleTimeout: 7s } }'
  const policy = `{ type: MeshTimeout, mesh: default, name: one, spec: { targetRef: { kind: Mesh }, to: [${rule}] } }`
  await home.ok(['apply', '-f', '-', '--tenant', 'cp-1', '--wait'], policy)
  expect((await home.run(['apply', '-f', '-', '--tenant', 'cp-2'], policy)).stderr).toContain('cannot be reached')
  // A global that is slow for a moment is as good as silent to `inspect`.
  const inspected = await eventually('the globals that are there answer', async () => {
    const { code, stdout } = await home.run(['inspect', 'sync', '-o', 'json'])
    return code === 0 ? stdout : undefined
  })
  const zones = JSON.parse(inspected) as { items: { tenant: string; state: string; detail?: string }[] }
  expect(zones.items.map(({ tenant, state, detail }) => [tenant, state, detail])).toEqual([
    ['cp-1', 'SYNCED', undefined],
    ['cp-2', 'OFFLINE', 'global/eu-1 does not answer'],
  ])
  await home.ok(['start', 'global/eu-1'])
  await home.ok(['wait', '--for', 'synced', '--tenant', 'cp-2', '--timeout', '60s'])
  await home.ok(['apply', '-f', '-', '--tenant', 'cp-2', '--wait'], policy)
})
