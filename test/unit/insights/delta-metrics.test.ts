import { expect, test } from 'vitest'
import { PromMetrics } from '../../../src/base/prom-metrics.js'
import { DeltaMetrics } from '../../../src/insights/delta-metrics.js'

test.each(['kds_delta', 'xds'] as const)('streams are counted under Kuma’s names: %s', async (prefix) => {
  const metrics = new PromMetrics('z')
  const counted = new DeltaMetrics(metrics, prefix === 'xds' ? 'xds' : 'kds', ['Mesh'])
  counted.streams.add(1)
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
