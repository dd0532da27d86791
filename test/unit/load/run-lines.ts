import { LatencyHistogram } from '../../../src/load/histogram.js'
import type { IntervalLine, RunLine, StartLine } from '../../../src/load/run-lines.js'

/** An encoded histogram of these milliseconds. */
export function histogramOf(...samples: readonly number[]): string {
  const histogram = LatencyHistogram.empty()
  for (const ms of samples) histogram.record(ms)
  return histogram.encode()
}

export function startLine(over: Partial<StartLine> = {}): StartLine {
  return {
    kind: 'zonelab.load/v1',
    run: 'k3f9ab',
    startedAt: '2026-01-01T00:00:00.000Z',
    zonelab: '3.0.0',
    scenario: { name: 'mine', seed: 1, thresholds: [] },
    target: { name: 'lab default', tenants: ['default'], writes: true, intervals: 'none', showsHops: true },
    machine: { processor: 'one', cores: 2, memoryGiB: 24, system: 'linux', node: 'v24' },
    workers: 1,
    zones: ['zl-k3f9ab-z1', 'zl-k3f9ab-z2'],
    sidecars: 0,
    writesPlanned: 3,
    notes: [],
    ...over,
  }
}

export function intervalLine(over: Partial<IntervalLine> = {}): IntervalLine {
  const none = histogramOf()
  return {
    kind: 'interval',
    atMs: 1_000,
    phase: 'load',
    live: 2,
    sidecarsLive: 0,
    latency: { zone: none, zoneFaulted: none, sidecar: none, sidecarFaulted: none, accepted: none },
    slowest: [],
    reconnects: [],
    resync: { received: 0, repeated: 0 },
    wire: { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0, nacks: 0 },
    writes: { accepted: 0, refused: 0, dropped: 0, bytes: 0 },
    generator: [{ name: 'writer', lag: none, cpu: 0.1 }],
    target: {},
    losses: {},
    ...over,
  }
}

export function zoneLatency(...samples: readonly number[]): IntervalLine['latency'] {
  return { ...intervalLine().latency, zone: histogramOf(...samples) }
}

/** A run that was done: these lines between its start and its end. */
export function runOf(lines: readonly RunLine[], thresholds: readonly string[] = []): RunLine[] {
  const scenario = { name: 'mine', seed: 1, thresholds: [...thresholds] }
  const end: RunLine = { kind: 'end', atMs: 9_000, how: 'done', message: '' }
  const right: RunLine = { kind: 'final', zones: 2, sidecars: 0, wrong: [], sidecarsJudged: false }
  const hasFinal = lines.some(({ kind }) => kind === 'final')
  return [startLine({ scenario }), ...lines, ...(hasFinal ? [] : [right]), end]
}
