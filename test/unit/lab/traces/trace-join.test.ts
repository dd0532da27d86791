import { expect, test } from 'vitest'
import type { Hop, HopKind } from '../../../../src/base/hops.js'
import { seededRandom } from '../../../../src/base/random.js'
import { otlpTrace } from '../../../../src/lab/traces/otlp.js'
import { type Span, TraceJoin } from '../../../../src/lab/traces/trace-join.js'
import { hashedName } from '../../../../src/model/naming.js'

function hop(at: number, kind: HopKind, peer: string | undefined, of: Partial<Hop> = {}): Hop {
  return {
    at,
    hop: kind,
    tenant: 'default',
    peer,
    type: 'MeshTimeout',
    name: 'quick.default',
    version: undefined,
    ...of,
  }
}

const COPY = { name: `${hashedName({ mesh: 'default', name: 'quick', labels: {} })}.default` }
const CLUSTER = { type: 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'backend' }

function joined(hops: readonly Hop[]): readonly (readonly Span[])[] {
  const traces: (readonly Span[])[] = []
  const join = new TraceJoin((spans) => traces.push(spans))
  for (const each of hops) join.add(each)
  join.flush(Number.POSITIVE_INFINITY)
  return traces
}

const shown = ({ name, startMs, endMs, parent, failed, attributes }: Span) =>
  `${attributes['zonelab.peer'] ?? ''} ${name} ${startMs}–${endMs} < ${parent?.name ?? ''}${failed ? ' failed' : ''}`.trim()

test('a write is one trace, with one span for each hop, whichever process tells first', () => {
  const [spans, ...others] = joined([
    hop(110, 'kds-acked', 'zone-1', COPY),
    hop(100, 'accepted', undefined),
    hop(103, 'kds-sent', 'zone-1', COPY),
    hop(106, 'zone-stored', 'zone-1', COPY),
    hop(108, 'xds-sent', 'zone-1/default.web', CLUSTER),
    hop(109, 'dataplane-applied', 'zone-1/default.web', CLUSTER),
    hop(112, 'xds-acked', 'zone-1/default.web', CLUSTER),
    hop(104, 'kds-sent', 'zone-2', COPY),
    hop(107, 'kds-nacked', 'zone-2', COPY),
  ])
  expect(others).toEqual([])
  expect(spans?.map(shown)).toEqual([
    'write MeshTimeout 100–112 <',
    'zone-1 wait for zone 100–103 < write MeshTimeout',
    'zone-2 wait for zone 100–104 < write MeshTimeout',
    'zone-1 store in zone 103–106 < wait for zone',
    'zone-2 acknowledge to global 104–107 < wait for zone failed',
    'zone-1/default.web build configuration 106–108 < store in zone',
    'zone-1/default.web apply in sidecar 108–109 < build configuration',
    'zone-1 acknowledge to global 103–110 < wait for zone',
    'zone-1/default.web acknowledge to zone 108–112 < build configuration',
  ])
})

test('what was encoded is a step of its own, from which each zone that was sent that version was waited for', () => {
  const encoded = (at: number, version: string, tookMs: number) =>
    hop(at, 'kds-encoded', undefined, { ...COPY, version, tookMs })
  const [spans] = joined([
    hop(100, 'accepted', undefined),
    encoded(103, 'new', 2),
    encoded(104, 'old', 1),
    hop(105, 'kds-sent', 'zone-1', { ...COPY, version: 'new' }),
    hop(107, 'kds-sent', 'zone-2', { ...COPY, version: 'old' }),
    hop(108, 'kds-sent', 'zone-3', { ...COPY, version: 'unseen' }),
  ])
  expect(spans?.map(shown)).toEqual([
    'write MeshTimeout 100–108 <',
    'encode 101–103 < write MeshTimeout',
    'encode 103–104 < write MeshTimeout',
    'zone-1 wait for zone 103–105 < encode',
    'zone-2 wait for zone 104–107 < encode',
    'zone-3 wait for zone 100–108 < write MeshTimeout',
  ])
  expect(spans?.[1]).toMatchObject({ service: 'global', attributes: { 'zonelab.type': 'MeshTimeout' } })
})

test('a second write of the same resource is a trace of its own, and status has none', () => {
  const traces = joined([
    hop(1, 'accepted', undefined),
    hop(2, 'kds-sent', 'zone-1', COPY),
    hop(3, 'accepted', undefined, { type: 'DataplaneInsight' }),
    hop(4, 'accepted', undefined),
    hop(5, 'kds-sent', 'zone-1', COPY),
    hop(6, 'kds-sent', 'zone-1', { ...COPY, tenant: 'other' }),
  ])
  expect(traces.map((spans) => spans.map(shown))).toEqual([
    ['write MeshTimeout 1–2 <', 'zone-1 wait for zone 1–2 < write MeshTimeout'],
    ['write MeshTimeout 4–5 <', 'zone-1 wait for zone 4–5 < write MeshTimeout'],
  ])
})

test('a write is told when nothing more was heard of it', () => {
  const traces: (readonly Span[])[] = []
  const join = new TraceJoin((spans) => traces.push(spans))
  join.add(hop(10, 'accepted', undefined))
  join.flush(1_010)
  expect(traces).toHaveLength(0)
  join.flush(1_011)
  join.flush(1_012)
  expect(traces).toHaveLength(1)
})

test('in OTLP the spans share a trace id, name their parent, and count nanoseconds since 1970', () => {
  const [spans = []] = joined([hop(1.5, 'accepted', undefined), hop(2, 'kds-nacked', 'zone-1', COPY)])
  const body = otlpTrace(spans, { offsetMs: 1_700_000_000_000 }, seededRandom(1))
  const { resourceSpans } = body as { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] }
  const [root, child] = resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans))
  expect(root).toMatchObject({ startTimeUnixNano: '1700000000001500000', endTimeUnixNano: '1700000000002000000' })
  expect(root).not.toHaveProperty('parentSpanId')
  expect(child).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId, status: { code: 2 } })
  expect(root?.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(root?.spanId).toMatch(/^[0-9a-f]{16}$/)
})
