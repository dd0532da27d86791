import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { askApi, buildProgram, componentOf, configurations, Home, without } from './program.js'

/** The global is killed in the middle of writes: what it acknowledged is there, and no sidecar's configuration was ever empty or older. */

beforeAll(buildProgram, 150_000)

const WRITES = 200
const WRITERS = 20

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

/** Rises with each write, and sorts before every default, so that it is what sidecars have. */
function counter(value: number) {
  const to = [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: `${value}s` } }]
  return { type: 'MeshTimeout', mesh: 'default', name: 'a-counter', spec: { to } }
}

/** Reads every sidecar's own configuration again and again, and tells what was empty or older than before. */
class ConfigurationWatch {
  readonly faults: string[] = []
  readonly #view: LabView
  readonly #seen = new Map<string, number>()
  readonly #done: Promise<void>
  #rounds = 0
  #stopped = false

  constructor(view: LabView) {
    this.#view = view
    this.#done = this.#watch()
  }

  /** How often each sidecar was read, and the least of what they had at last. */
  async stop(): Promise<{ rounds: number; least: number }> {
    this.#stopped = true
    await this.#done
    return { rounds: this.#rounds, least: Math.min(...this.#seen.values()) }
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      for (const [sidecar, dump] of await configurations(this.#view, 'frontend')) this.#judge(sidecar, dump)
      this.#rounds += 1
    }
  }

  #judge(sidecar: string, dump: string): void {
    const timeouts = [...dump.matchAll(/"connect_?[tT]imeout": ?"(\d+)s"/g)].map(([, seconds]) => Number(seconds))
    const value = Math.max(...timeouts)
    const before = this.#seen.get(sidecar) ?? 0
    if (!dump.includes('kri_msvc_default')) this.faults.push(`${sidecar} is empty`)
    if (value < before) this.faults.push(`${sidecar} went back from ${before} to ${value}`)
    this.#seen.set(sidecar, Math.max(before, value))
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

  const watch = new ConfigurationWatch(view)
  let count = 100
  const put = (policy: { type: string; name: string }, plural: string) =>
    askApi(global, `/meshes/default/${plural}/${policy.name}`, { method: 'PUT', body: JSON.stringify(policy) })
  while (count < 110) {
    count += 1
    expect((await put(counter(count), 'meshtimeouts')).ok).toBe(true)
  }

  const acknowledged: string[] = []
  const names = Array.from({ length: WRITES }, (_, index) => index).values()
  // Each waits for its answer before its next: however fast, most are not written yet when the global is killed.
  const writer = async () => {
    for (const index of names) {
      const policy = retryPolicy(index)
      const answer = await put(policy, 'meshretries').catch(() => undefined)
      if (!answer?.ok) continue
      acknowledged.push(policy.name)
      if (acknowledged.length === 20) process.kill(global.pid ?? 0, 'SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  expect(acknowledged.length).toBeGreaterThanOrEqual(20)
  expect(acknowledged.length).toBeLessThan(WRITES)

  await home.ok(['start', 'global'])
  await home.ok(['wait', '--for', 'synced', '--timeout', '30s'])
  const answer = await askApi(global, '/meshes/default/meshretries?size=1000')
  const { items } = (await answer.json()) as { items: { name: string }[] }
  const kept = new Set(items.map(({ name }) => name))
  expect(acknowledged.filter((name) => !kept.has(name))).toEqual([])
  const { rounds, least } = await watch.stop()
  expect(watch.faults).toEqual([])
  expect(least).toBe(count)
  expect(rounds).toBeGreaterThan(10)
})
