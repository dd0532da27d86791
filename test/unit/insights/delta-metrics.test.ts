import { expect, test } from 'vitest'
import { PromMetrics } from '../../../src/base/prom-metrics.js'
import { DeltaMetrics } from '../../../src/insights/delta-metrics.js'
import { FakeClock } from '../../support/fake-clock.js'

const MIB = 1_048_576

function counting(kind: 'kds' | 'xds') {
  const metrics = new PromMetrics('z')
  const clock = new FakeClock()
  const all = new DeltaMetrics({ metrics, clock }, kind, ['Mesh'])
  return { metrics, clock, stream: () => all.stream() }
}

test.each(['kds_delta', 'xds'] as const)('streams are counted under Kuma’s names: %s', async (prefix) => {
  const { metrics, stream } = counting(prefix === 'xds' ? 'xds' : 'kds')
  const [counted, gone] = [stream(), stream()]
  counted.opened()
  gone.opened()
  gone.closed()
  counted.sent('Mesh', 100)
  counted.sent('whatever a peer says', 100)
  counted.answered('Mesh', undefined, 3)
  counted.answered('Mesh', 'user error: no such mesh', 70_000)
  const lines = (await metrics.expose()).text.split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      `${prefix}_streams_active{zone="z"} 1`,
      `${prefix}_responses_sent{type_url="Mesh",zone="z"} 1`,
      `${prefix}_responses_sent{type_url="unknown",zone="z"} 1`,
      `${prefix}_responses_sent_bytes_sum{type_url="Mesh",zone="z"} 100`,
      `${prefix}_requests_received{type_url="Mesh",confirmation="ACK",error_type="no_error",zone="z"} 1`,
      `${prefix}_requests_received{type_url="Mesh",confirmation="NACK",error_type="user",zone="z"} 1`,
      `${prefix}_delivery_bucket{zone="z",le="5"} 1`,
      `${prefix}_delivery_bucket{zone="z",le="60000"} 1`,
      `${prefix}_delivery_count{zone="z"} 2`,
    ]),
  )
})

test.each([
  { what: 'right after a large response', sent: [MIB], afterMs: 4_999, counts: 1 },
  { what: 'long after it', sent: [MIB], afterMs: 5_000, counts: 0 },
  { what: 'after a smaller one', sent: [MIB - 1], afterMs: 0, counts: 0 },
  { what: 'after a smaller one that followed it', sent: [MIB, 1], afterMs: 0, counts: 0 },
])('a stream that ends $what: likely depleted windows $counts', async ({ sent, afterMs, counts }) => {
  for (const kind of ['kds', 'xds'] as const) {
    const { metrics, clock, stream } = counting(kind)
    const counted = stream()
    counted.opened()
    for (const bytes of sent) counted.sent('Mesh', bytes)
    clock.step(afterMs)
    counted.closed()
    const { text } = await metrics.expose()
    expect(text).toContain(`_stream_likely_window_depletion_total{type_url="Mesh",zone="z"} ${counts}\n`)
  }
})
