import { once } from 'node:events'
import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { alive, buildProgram, childrenOf, Home } from './program.js'

/** Signals to a lab in the foreground, and to its supervisor. */

beforeAll(buildProgram, 150_000)

/** On a machine that is full a lab takes half a minute to come up; how fast it is, the benchmarks say. */
const GENEROUS = { timeout: 240_000 }
const PATIENT = { timeout: 60_000 }

type Started = ReturnType<Home['start']>

/** Reads on, so that the lab can go on writing. */
function untilReady(lab: Started): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = ''
    lab.stderr.on('data', (chunk: Buffer) => {
      errors += chunk
    })
    lab.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Try next')) resolve()
    })
    lab.once('exit', () => reject(new Error(`the lab ended before it was ready:\n${errors}`)))
  })
}

test('Ctrl-C ends every process of the lab, keeps its data, and says 130', GENEROUS, async () => {
  await using home = await Home.make()
  const lab = home.start(['up', '--zones', '2', '--dataplanes', '3'])
  await untilReady(lab)
  const children = childrenOf(lab.pid ?? 0)
  expect(children).toHaveLength(5)
  // A terminal sends it to the whole foreground group.
  for (const pid of [lab.pid ?? 0, ...children]) process.kill(pid, 'SIGINT')
  const [code] = await once(lab, 'exit')
  expect(code).toBe(130)
  expect(children.filter(alive)).toEqual([])
  expect(await home.ok(['labs', '-o', 'json'])).toContain('"state": "stopped"')
})

test('Ctrl-C gives up a detached lab that is not ready yet, and leaves no process of it', GENEROUS, async () => {
  await using home = await Home.make()
  const starting = home.start(['up', '--zones', '2', '--detach'])
  const ended = once(starting, 'exit')
  await expect.poll(() => childrenOf(starting.pid ?? 0), PATIENT).toHaveLength(1)
  const [supervisor = 0] = childrenOf(starting.pid ?? 0)
  await expect.poll(() => childrenOf(supervisor).length, PATIENT).toBeGreaterThan(0)
  const children = childrenOf(supervisor)
  starting.kill('SIGINT')
  expect(await ended).toEqual([130, null])
  expect([supervisor, ...children].filter(alive)).toEqual([])
  expect(await home.ok(['labs', '-o', 'json'])).toContain('"state": "stopped"')
})

test('a lab that was stopped comes back with its ports, its data and its keys', GENEROUS, async () => {
  await using home = await Home.make()
  const up = async () => JSON.parse(await home.ok(['up', '--detach', '-o', 'json'])) as LabView
  const first = JSON.parse(
    await home.ok(['up', '--zones', '1', '--dataplanes', '1', '--detach', '-o', 'json']),
  ) as LabView
  await home.ok(['apply', '-f', 'examples/policies'])
  await home.ok(['down'])
  const second = await up()
  expect(second.components.map(({ name, endpoints }) => ({ name, endpoints }))).toEqual(
    first.components.map(({ name, endpoints }) => ({ name, endpoints })),
  )
  expect(await home.ok(['get', 'meshretries', '-o', 'name'])).toContain('backend-retry')
  await home.ok(['wait', '--for', 'synced', '--timeout', '60s'])
  const clash = await home.run(['up', '--zones', '2', '--detach'])
  expect(clash).toMatchObject({ code: 2, stderr: expect.stringContaining('other flags') })
})

test('when the supervisor is killed its children end by themselves, and the lab says so', GENEROUS, async () => {
  await using home = await Home.make()
  const view = JSON.parse(
    await home.ok(['up', '--zones', '1', '--dataplanes', '1', '--detach', '-o', 'json']),
  ) as LabView
  const children = childrenOf(view.pid ?? 0)
  expect(children).toHaveLength(3)
  process.kill(view.pid ?? 0, 'SIGKILL')
  await expect.poll(() => children.filter(alive), PATIENT).toEqual([])
  const status = await home.run(['status'])
  expect(status).toMatchObject({ code: 3, stderr: expect.stringContaining('its supervisor is gone') })
  await home.ok(['up', '--detach'])
  await home.ok(['down'])
})
