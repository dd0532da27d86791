import { expect, test } from 'vitest'
import type { Hop } from '../../../src/base/hops.js'
import { explainLines } from '../../../src/cli/explain.js'
import { hashedName } from '../../../src/model/naming.js'

const changed = { type: 'MeshTimeout', mesh: 'default', name: 'slow' } as const
const copy = `${hashedName({ mesh: 'default', name: 'slow', labels: {} })}.default`
const all = { zones: ['zone-1', 'zone-2'], unobservable: [], globalObservable: true }

function hop(at: number, kind: Hop['hop'], peer?: string, name = copy, type = 'MeshTimeout'): Hop {
  return { at, hop: kind, tenant: 'default', peer, type, name, version: undefined }
}

const way = [
  hop(100, 'accepted', undefined, 'slow.default'),
  { ...hop(100.5, 'kds-encoded'), tookMs: 0.3 },
  hop(101, 'kds-sent', 'zone-1'),
  hop(101, 'kds-sent', 'zone-2'),
  hop(103, 'zone-stored', 'zone-1'),
  hop(104, 'kds-acked', 'zone-1'),
  hop(105, 'zone-stored', 'zone-2'),
  hop(106, 'kds-acked', 'zone-2'),
  hop(110, 'xds-sent', 'default/web-1', 'cluster', 'CDS'),
  hop(112, 'xds-acked', 'default/web-1', 'cluster', 'CDS'),
]

test('the way of a change is a line a hop, with times from its acceptance on', () => {
  expect(explainLines(changed, way, all)).toEqual([
    '     0.0 ms   accepted by the global',
    '     0.5 ms   encoded, which took 0.3 ms',
    '     1.0 ms   sent to 2 of 2 zones',
    '     5.0 ms   stored by 2 of 2 zones',
    '     6.0 ms   acknowledged by 2 of 2 zones   zone-1 4.0 ms · zone-2 6.0 ms',
    '      10 ms   configuration sent to 1 sidecar',
    '      12 ms   acknowledged by 1 of 1 sidecar   median 12 ms',
  ])
})

test('hops of other resources and hops before the change are not taken for its own', () => {
  const other = [hop(90, 'kds-sent', 'zone-1'), hop(102, 'kds-nacked', 'zone-1', 'other.default')]
  expect(explainLines(changed, [...other, ...way], all)).toEqual(explainLines(changed, way, all))
})

test('a hop that nobody saw is not observable, which is not 0', () => {
  const lines = explainLines(changed, way.slice(0, 1), { ...all, unobservable: ['zone-2'] })
  expect(lines.slice(1)).toEqual([
    '              encoded: not observable',
    '              sent to zones: not observable',
    '              stored by zones: not observable',
    '              acknowledged by zones: not observable',
    '              no sidecar needed new configuration',
  ])
})

test('encoding is told with its time over all classes of zones, and a short one is not 0', () => {
  const encoded = (at: number, tookMs: number) => ({ ...hop(at, 'kds-encoded'), tookMs })
  const [accepted] = way.slice(0, 1)
  const lineOf = (...hops: readonly Hop[]) => explainLines(changed, [...(accepted ? [accepted] : []), ...hops], all)[1]
  expect(lineOf(encoded(101, 0.4), encoded(102, 0.6))).toBe(
    '     2.0 ms   encoded for 2 classes of zones, which took 1.0 ms',
  )
  expect(lineOf(encoded(100.1, 0.04))).toBe('     0.1 ms   encoded, which took under 0.1 ms')
})

test('a zone that refuses is named', () => {
  const lines = explainLines(changed, [...way.slice(0, 4), hop(109, 'kds-nacked', 'zone-2')], all)
  expect(lines).toContain('     9.0 ms   refused by zone-2')
})

test('a change that changed nothing was not sent', () => {
  expect(explainLines(changed, [], all)).toEqual(['  nothing was sent: the global held it so already'])
})
