import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sleep, systemClock } from '../../../src/base/clock.js'
import { METRICS } from '../../../src/base/metrics.js'
import { exposeProcess } from '../../../src/base/process-metrics.js'
import { PromMetrics } from '../../../src/base/prom-metrics.js'

test('counters, gauges and histograms are exposed in the text format', async () => {
  const metrics = new PromMetrics('zone-"1"\\\n')
  const sent = metrics.counter('kds_delta_responses_sent', { type_url: 'Mesh' })
  sent.add(2)
  metrics.counter('kds_delta_responses_sent', { type_url: 'Mesh' }).add(1)
  metrics.gauge('kds_delta_streams_active').add(3)
  metrics.gauge('kds_delta_streams_active').add(-1)
  for (const ms of [1, 1.5, 90_000]) metrics.histogram('kds_delta_delivery').observe(ms)
  const { contentType, text } = await metrics.expose()
  const zone = 'zone="zone-\\"1\\"\\\\\\n"'
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(text).toContain(
    [
      '# HELP kds_delta_responses_sent Delta responses sent',
      '# TYPE kds_delta_responses_sent counter',
      `kds_delta_responses_sent{type_url="Mesh",${zone}} 3`,
      '',
      '# HELP kds_delta_streams_active Open delta streams',
      '# TYPE kds_delta_streams_active gauge',
      `kds_delta_streams_active{${zone}} 2`,
    ].join('\n'),
  )
  const delivery = text.split('\n').filter((line) => line.startsWith('kds_delta_delivery'))
  expect(delivery.slice(0, 3)).toEqual([
    `kds_delta_delivery_bucket{${zone},le="1"} 1`,
    `kds_delta_delivery_bucket{${zone},le="2"} 2`,
    `kds_delta_delivery_bucket{${zone},le="5"} 2`,
  ])
  expect(delivery.slice(-3)).toEqual([
    `kds_delta_delivery_bucket{${zone},le="+Inf"} 3`,
    `kds_delta_delivery_sum{${zone}} 90002.5`,
    `kds_delta_delivery_count{${zone}} 3`,
  ])
})

test('a series has the labels of its metric, and a metric is of one kind', () => {
  const metrics = new PromMetrics('z')
  expect(() => metrics.counter('kds_delta_responses_sent')).toThrow(/has the labels type_url/)
  expect(() => metrics.gauge('kds_delta_responses_sent', { type_url: 'Mesh' })).toThrow(/is a counter/)
})

test('what a process uses is read when someone asks', async () => {
  const metrics = new PromMetrics('z')
  exposeProcess(metrics)
  const value = async (name: string) =>
    Number((await metrics.expose()).text.match(new RegExp(`^${name}\\{.*\\} (.*)$`, 'm'))?.[1])
  expect(await value('process_resident_memory_bytes')).toBeGreaterThan(1e6)
  const cpuSeconds = await value('process_cpu_seconds_total')
  expect(cpuSeconds).toBeGreaterThan(0)
  const again = await value('process_cpu_seconds_total')
  const { user, system } = process.cpuUsage()
  expect(again).toBeGreaterThanOrEqual(cpuSeconds)
  expect(again).toBeLessThan((user + system) / 1e6 + 0.001)
  expect(await value('zonelab_eventloop_utilization')).toBeLessThanOrEqual(1)
})

test('how late the event loop is shows from the second time on, with a stall in it', async () => {
  const metrics = new PromMetrics('z')
  exposeProcess(metrics)
  const lag = async () => /^nodejs_eventloop_lag_p99_seconds\{.*\} (.*)$/m.exec((await metrics.expose()).text)?.[1]
  expect(await lag()).toBeUndefined()
  await sleep(systemClock, 50)
  const untilMs = systemClock.monotonicMs() + 300
  while (systemClock.monotonicMs() < untilMs);
  await sleep(systemClock, 50)
  expect(Number(await lag())).toBeGreaterThan(0.2)
})

test('every metric that is described is counted somewhere', () => {
  const code = globSync('src/**/*.ts')
    .filter((file) => file !== 'src/base/metrics.ts')
    .map((file) => readFileSync(file, 'utf8'))
    .join('')
  expect(Object.keys(METRICS).filter((name) => !code.includes(`'${name}'`))).toEqual([])
})
