import { expect, test } from 'vitest'
import { PromMetrics } from '../../../src/base/prom-metrics.js'
import { clientVersion, exposeClientVersions } from '../../../src/insights/client-versions.js'

test('peers are counted by version for as long as they are there, from when they have said it', async () => {
  const metrics = new PromMetrics('z')
  const peers = new Set([{ clientVersion: '3.0.0' }, { clientVersion: '3.0.0' }, { clientVersion: undefined }])
  const old = { clientVersion: '2.13.1' }
  peers.add(old)
  exposeClientVersions(metrics, () => peers)
  const series = async () =>
    (await metrics.expose()).text.split('\n').filter((line) => line.startsWith('kds_delta_client_versions'))
  expect(await series()).toEqual([
    'kds_delta_client_versions{client_version="3.0.0",zone="z"} 2',
    'kds_delta_client_versions{client_version="2.13.1",zone="z"} 1',
  ])
  peers.delete(old)
  expect(await series()).toEqual(['kds_delta_client_versions{client_version="3.0.0",zone="z"} 2'])
})

test.each([
  ['2.14.0', '2.14.0'],
  ['0.0.0-preview.vabc123', 'preview'],
  ['', 'unknown'],
  ['3.0"} 1\nother', 'unknown'],
  ['9'.repeat(65), 'unknown'],
  [7, 'unknown'],
])('the version %j is the label %j', (version, label) => {
  expect(clientVersion({ kumaCp: { version } })).toBe(label)
})

test('a peer that says nothing of a control plane is unknown', () => {
  expect([clientVersion(undefined), clientVersion({}), clientVersion({ kumaCp: 'x' })]).toEqual(
    Array(3).fill('unknown'),
  )
})
