import type { LatencyHistogram } from './histogram.js'
import { limitSentence } from './limit-search.js'
import type { StepLine } from './run-lines.js'
import type { Summary } from './summary.js'
import type { Verdict } from './verdict.js'

/** A table of a report: every format writes the same ones. */
export interface ReportTable {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** What a reader has to know of it. */
  readonly note?: string
}

const HIDDEN = 'not observable'
const PERCENTILES = [50, 90, 99, 99.9] as const

export function milliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`
  return ms < 10_000 ? `${ms.toFixed(ms < 100 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`
  if (count < 2 ** 20) return `${(count / 1_024).toFixed(1)} KiB`
  return count < 2 ** 30 ? `${(count / 2 ** 20).toFixed(1)} MiB` : `${(count / 2 ** 30).toFixed(2)} GiB`
}

/** The tables of a run, in the order of reading. */
export function reportTables(summary: Summary, verdict: Verdict): ReportTable[] {
  return [
    thresholdTable(verdict),
    latencyTable(summary),
    countTable(summary),
    useTable(summary),
    counterTable(summary),
    ...faultTables(summary),
    ...(summary.steps.length > 0 ? [limitTable(summary.steps)] : []),
  ]
}

/** Each run of a search for the limit, in order. */
export function limitTable(steps: readonly StepLine[]): ReportTable {
  return {
    title: LIMIT_TITLE,
    head: ['step', 'zone p99', 'outcome'],
    rows: steps.map(({ knob, value, outcome, p99Ms, why }) => [
      `${value} ${knob}`,
      p99Ms === undefined ? HIDDEN : milliseconds(p99Ms),
      why === undefined ? outcome : `${outcome}: ${why}`,
    ]),
    note: `Limit: ${limitSentence(steps)}.`,
  }
}

export const LIMIT_TITLE = 'Steps of the search'

/** For terminals: columns aligned. */
export function textTable({ title, head, rows, note }: ReportTable): string {
  const lines = [head, ...rows]
  const widths = head.map((_cell, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const aligned = lines.map((line) => {
    const cells = line.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    return `  ${cells.join('  ').trimEnd()}`
  })
  return [title.toUpperCase(), ...aligned, ...(note ? [`  ${note}`] : [])].join('\n')
}

function thresholdTable({ thresholds }: Verdict): ReportTable {
  return {
    title: 'Thresholds',
    head: ['threshold', 'measured', 'outcome'],
    rows: thresholds.map(({ text, measured, outcome, why }) => [
      text,
      measured === undefined ? HIDDEN : shownValue(text, measured),
      why === undefined ? outcome : `${outcome}: ${why}`,
    ]),
  }
}

/** With the unit that the threshold itself is written in. */
function shownValue(text: string, measured: number): string {
  if (/^bytes\.out/.test(text)) return bytes(Math.round(measured))
  if (/(ms|s|m)$/.test(text)) return milliseconds(measured)
  return Number.isInteger(measured) ? String(measured) : measured.toFixed(2)
}

function latencyTable({ latency, hops, start }: Summary): ReportTable {
  const row = (name: string, histogram: LatencyHistogram | undefined): string[] => {
    if (histogram === undefined || histogram.count === 0) return [name, ...PERCENTILES.map(() => ''), '', HIDDEN]
    const cells = PERCENTILES.map((percentile) => milliseconds(histogram.percentile(percentile)))
    return [name, ...cells, milliseconds(histogram.maxMs), String(histogram.count)]
  }
  const some = (name: string, histogram: LatencyHistogram) => (histogram.count === 0 ? [] : [row(name, histogram)])
  return {
    title: 'Latency from when a write was due',
    head: ['', ...PERCENTILES.map((percentile) => `p${percentile}`), 'max', 'samples'],
    // Where nothing is written no hop could be observed, whatever the target shows.
    rows:
      start.writesPlanned === 0 || !start.target.writes
        ? some('zone reconnected, until it has everything', latency.reconnect)
        : [
            row('write accepted', latency.accepted),
            row('·· accepted → encoding begins (feed)', hops.get('feed')),
            row('·· encoding, once for each class of zones', hops.get('encode')),
            row('·· encoded → first sent (queue and flush)', hops.get('queue')),
            row('· accepted → first sent', hops.get('wait')),
            row('· first sent → sent to each zone', hops.get('send')),
            row('· sent → zone applied and acknowledged', hops.get('answer')),
            row('zone has it (each zone)', latency.zone),
            row('· first zone of each write', latency.firstZone),
            row('· last zone of each write', latency.lastZone),
            ...some('· zones under a fault', latency.zoneFaulted),
            row('· zone applied → sent to a sidecar (snapshot)', hops.get('snapshot')),
            row('· sent to a sidecar → applied by it', hops.get('sidecar')),
            row('sidecar has it (each sidecar)', latency.sidecar),
            row('· last sidecar of each write', latency.lastSidecar),
            ...some('· sidecars of zones under a fault', latency.sidecarFaulted),
            ...some('zone reconnected, until it has everything', latency.reconnect),
          ],
    note: start.target.showsHops
      ? 'Rows with dots are parts of the next row with a dot less, timed by the target itself.'
      : 'The target does not show what happens inside of it.',
  }
}

function countTable({ counts, start, quiet, final }: Summary): ReportTable {
  const rate = (count: number) => `${(count / Math.max(1, counts.loadSeconds)).toFixed(1)}/s`
  const lost =
    final === undefined
      ? 'not looked at'
      : final.wrong.length === 0
        ? `${final.zones} zones${final.sidecarsJudged ? ` and ${final.sidecars} sidecars` : ''} hold what was written last`
        : `${final.wrong.length} do not hold what was written last`
  return {
    title: 'Counts',
    head: ['', 'value'],
    rows: [
      ['zones live after the ramp', `${counts.zonesLive} of ${counts.zones}`],
      ['sidecars live after the ramp', start.sidecars === 0 ? 'none' : `${counts.sidecarsLive} of ${start.sidecars}`],
      [
        'writes',
        `${counts.accepted} accepted, ${counts.refused} refused, ${counts.dropped} dropped (${rate(counts.accepted)})`,
      ],
      ['NACKs', String(counts.nacks)],
      [
        'to zones',
        `${bytes(counts.bytesToZones)} in ${counts.messagesToZones} messages (${bytes(Math.round(counts.bytesToZones / Math.max(1, counts.loadSeconds)))}/s)`,
      ],
      ['from zones', `${bytes(counts.bytesFromZones)} in ${counts.messagesFromZones} messages`],
      [
        'bytes to zones for each byte written',
        counts.amplification === undefined ? 'nothing was written' : counts.amplification.toFixed(1),
      ],
      [
        'bytes of resyncs for each byte lacked',
        counts.resyncAmplification === undefined ? 'no zone came back' : counts.resyncAmplification.toFixed(2),
      ],
      [
        'quiet tail',
        quiet === undefined
          ? 'not reached'
          : `${quiet.messages} messages, ${bytes(quiet.bytes)} in ${quiet.seconds.toFixed(0)} s`,
      ],
      ['final state', lost],
      ['flush and resync intervals of the target', start.target.intervals],
    ],
  }
}

/** Tenths below a tenth of a core, where idle processes are. */
export function cores(share: number | undefined): string {
  return share === undefined ? HIDDEN : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}

function useTable({ generator, targetUse }: Summary): ReportTable {
  const lag = (ms: number | undefined) => (ms === undefined ? HIDDEN : milliseconds(ms))
  return {
    title: 'Processes during the load',
    head: ['process', 'CPU of a core', 'loop lag p99', 'loop lag max', 'memory'],
    rows: [
      [
        'target',
        cores(targetUse.cpu),
        lag(targetUse.loopLagP99Ms),
        '',
        targetUse.rssMaxBytes === undefined ? HIDDEN : bytes(targetUse.rssMaxBytes),
      ],
      ['target in the quiet tail', cores(targetUse.cpuQuiet), '', '', ''],
      ['target for each change, above that', lag(targetUse.cpuMsPerChange), '', '', ''],
      ...generator.map(({ name, cpu, lagP99Ms, lagMaxMs }) => [name, cores(cpu), lag(lagP99Ms), lag(lagMaxMs), '']),
    ],
  }
}

/** Kuma's families of streams and store, and ours; what their runtimes and libraries count is left to the run file. */
const TOLD_COUNTERS = /^(?:kds|xds|store|zonelab)_(?!(?:.*_)?bucket$)/

function counterTable({ counters }: Summary): ReportTable {
  const rows = Object.entries(counters)
    .filter(([name]) => TOLD_COUNTERS.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, by]) => [name, String(Math.round(by * 100) / 100)])
  return { title: 'What the target counted', head: ['metric, summed over its labels', 'grown by'], rows }
}

function faultTables({ faults, writes, counts, final, leftovers }: Summary): ReportTable[] {
  const tables: ReportTable[] = []
  if (faults.length > 0) {
    tables.push({
      title: 'Faults',
      head: ['id', 'fault', 'at', 'for', 'zones'],
      rows: faults.map(({ id, fault, atMs, durationMs, zones, failed }) => [
        id,
        failed === undefined ? fault : `${fault}: ${failed}`,
        milliseconds(atMs),
        milliseconds(durationMs),
        String(zones),
      ]),
    })
  }
  const refusals = refusalsOf(writes)
  if (refusals.length > 0) {
    tables.push({ title: 'Writes that were refused', head: ['why', 'times'], rows: refusals })
  }
  const losses = Object.entries(counts.losses)
  if (losses.length > 0) {
    tables.push({
      title: 'Links that ended',
      head: ['why', 'times'],
      rows: losses.map(([why, times]) => [why, String(times)]),
    })
  }
  if (final !== undefined && final.wrong.length > 0) {
    const rows = final.wrong.slice(0, WRONG_SHOWN_MAX).map(({ name, lacks }) => [name, lacks.join('; ')])
    tables.push({ title: 'Who does not hold what was written last', head: ['who', 'what'], rows })
  }
  if (leftovers.length > 0) {
    tables.push({
      title: 'What could not be removed',
      head: ['what', 'command'],
      rows: leftovers.map(({ what, command }) => [what, command]),
    })
  }
  return tables
}

function refusalsOf(writes: Summary['writes']): string[][] {
  const times = new Map<string, number>()
  for (const { why } of writes) if (why !== undefined) times.set(why, (times.get(why) ?? 0) + 1)
  return [...times].sort(([, a], [, b]) => b - a).map(([why, count]) => [why, String(count)])
}

const WRONG_SHOWN_MAX = 20

/** What a reader came for: the limit, if it was searched for, and how the run ended that is told. */
export function verdictSentence(summary: Summary, verdict: Verdict): string {
  const ended = endSentence(summary, verdict)
  return summary.steps.length === 0
    ? ended
    : `Limit: ${limitSentence(summary.steps)}. What is told here is one run: ${ended}`
}

function endSentence(summary: Summary, verdict: Verdict): string {
  const { thresholds, generatorFaults, outcome } = verdict
  const crossed = thresholds.filter((one) => one.outcome === 'crossed').length
  switch (outcome) {
    case 'passed':
      return passedSentence(thresholds)
    case 'crossed':
      return [
        ...(verdict.nothingLost === false
          ? [`${summary.final?.wrong.length} zones or sidecars do not hold what was written last`]
          : []),
        ...(crossed > 0 ? [`${crossed} of ${thresholds.length} thresholds were crossed`] : []),
      ]
        .join('; ')
        .concat('.')
    case 'inconclusive':
      return `The generator was the bottleneck, so that nothing can be judged: ${generatorFaults.join('; ')}.`
    case 'failed':
      return `The run could not go on: ${summary.end.message}`
    case 'interrupted':
      return `The run was interrupted${summary.end.message === '' ? '' : ` (${summary.end.message})`}; what it saw until then is here.`
  }
}

function passedSentence(thresholds: Verdict['thresholds']): string {
  const held = thresholds.filter(({ outcome }) => outcome === 'held').length
  const hidden = thresholds.length - held
  if (thresholds.length === 0) return 'Nothing was lost; there was no threshold.'
  const all = held === 1 ? 'One threshold held' : `${hidden === 0 ? 'All ' : ''}${held} thresholds held`
  return `${all}, and nothing was lost.${hidden === 0 ? '' : ` ${hidden} could not be judged: there was nothing to measure.`}`
}
