import { beforeEach, describe, expect, test } from 'vitest'
import { TargetWatch } from '../../../src/load/target-watch.js'
import { FakeClock } from '../../support/fake-clock.js'

let clock: FakeClock
/** What the target's metrics read now; undefined: it is away. */
let metrics: string | undefined
const answer = async () => (metrics === undefined ? Promise.reject(new Error('refused')) : new Response(metrics))

beforeEach(() => {
  clock = new FakeClock()
})

const watching = (pid?: number) => new TargetWatch({ metricsUrl: 'http://target/metrics', pid, clock, fetch: answer })

const shown = (sent: number, cpuSeconds: number) => `# TYPE kds_sent counter
kds_sent{type="Mesh"} ${sent}
kds_sent{type="Zone"} 1
# TYPE loop_utilization gauge
loop_utilization ${1 / sent}
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total ${cpuSeconds}
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 4096
`

describe('the watch on a target', () => {
  test('counts by how much its counters have grown, and nothing that goes up and down', async () => {
    const watch = watching()
    metrics = shown(10, 1)
    await watch.startCounting()
    metrics = shown(25, 3)
    expect([...(await watch.grown())]).toEqual([
      ['kds_sent', 15],
      ['process_cpu_seconds_total', 2],
    ])
  })

  test('counts on from nothing when the target was started anew', async () => {
    const watch = watching()
    metrics = shown(10, 5)
    await watch.startCounting()
    metrics = shown(30, 6)
    await watch.sample()
    metrics = undefined
    await watch.sample()
    metrics = shown(4, 0.5)
    expect((await watch.grown()).get('kds_sent')).toBe(20 + 5)
  })

  test('says of a target that was started anew in between that its CPU is not known, not that it took less than none', async () => {
    const watch = watching()
    metrics = shown(10, 5)
    await watch.sample()
    clock.step(1_000)
    metrics = shown(10, 0.5)
    expect((await watch.sample()).cpu).toBeUndefined()
    clock.step(1_000)
    metrics = shown(10, 0.7)
    expect((await watch.sample()).cpu).toBeCloseTo(0.2)
  })

  test('knows the CPU of a target that calls the seconds of it a gauge', async () => {
    const watch = watching()
    const gauge = (seconds: number) => `# TYPE process_cpu_seconds_total gauge\nprocess_cpu_seconds_total ${seconds}\n`
    metrics = gauge(5)
    await watch.sample()
    clock.step(1_000)
    metrics = gauge(5.4)
    expect((await watch.sample()).cpu).toBeCloseTo(0.4)
  })

  test('does not compare what the process of a target took with what its metrics say', async () => {
    const watch = watching(process.pid)
    metrics = undefined
    const first = await watch.sample()
    expect([first.cpu, first.rssBytes]).toEqual([undefined, expect.any(Number)])
    const gone = watching(2 ** 30)
    metrics = shown(10, 1_000)
    await gone.sample()
    clock.step(1_000)
    metrics = shown(10, 1_000.5)
    expect(await gone.sample()).toMatchObject({ cpu: expect.closeTo(0.5), rssBytes: 4_096 })
  })
})
