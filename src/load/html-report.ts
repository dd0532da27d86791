import { type Html, html } from '../report/html.js'
import { badge, htmlPage, type Section, type Tone } from '../report/html-page.js'
import { heatMap } from './heat-map.js'
import { LatencyHistogram } from './histogram.js'
import type { LoadResult } from './load-result.js'
import type { IntervalLine, StepLine } from './run-lines.js'
import type { Summary } from './summary.js'
import { countAxis, linePlot, millisecondAxis, type Series } from './svg-plot.js'
import { LIMIT_TITLE, limitTable, type ReportTable, reportTables, verdictSentence } from './text-report.js'
import type { Verdict } from './verdict.js'

const TONE: Readonly<Record<Verdict['outcome'], Exclude<Tone, 'muted'>>> = {
  passed: 'good',
  crossed: 'bad',
  inconclusive: 'unsure',
  failed: 'bad',
  interrupted: 'unsure',
}

/** One page with everything in it: verdict, tables, plots. */
export function htmlReport({ summary, verdict }: LoadResult): string {
  const { start, intervals } = summary
  const { machine } = start
  const load = intervals.filter(({ phase }) => phase === 'load' || phase === 'settle')
  const plots: Section[] = [
    { id: 'spectrum', title: 'Percentiles', body: spectrum(summary) },
    { id: 'time', title: 'Over time', body: overTime(summary) },
    ...(load.some(({ slowest }) => slowest.length > 0)
      ? [{ id: 'zones', title: 'Zones', body: heatMap(start.zones, load) }]
      : []),
  ]
  const tables = reportTables(summary, verdict).filter(({ rows }) => rows.length > 0)
  const ladders = summary.steps.length > 0 ? [ladder(summary.steps)] : []
  const [thresholds, ...others] = tables.filter(({ title }) => title !== LIMIT_TITLE).map(tableSection)
  return htmlPage({
    title: `${String(start.scenario.name)}: ${start.target.name}`,
    kicker: 'Load run',
    verdict: { tone: TONE[verdict.outcome], word: verdict.outcome, detail: verdictSentence(summary, verdict) },
    facts: [
      ['Run', `${start.run}, ${start.startedAt}`],
      ['Scenario', `${String(start.scenario.name)}, seed ${String(start.scenario.seed)}`],
      [
        'Target',
        `${start.target.name}${start.target.version === undefined ? '' : `, ${start.target.version}`}${start.target.tenants.length > 1 ? ` (${start.target.tenants.length} control planes)` : ''}`,
      ],
      ['Zones and sidecars', `${start.zones.length} zones, ${start.sidecars} running sidecars`],
      ['Machine', `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}`],
      ['Generator', `${start.workers} processes of zones`],
    ],
    sections: [
      ...ladders,
      ...(thresholds ? [thresholds] : []),
      ...plots,
      ...others,
      ...(start.notes.length > 0 ? [{ id: 'notes', title: 'What to know', body: notes(start.notes) }] : []),
    ],
    footer: `Made by zonelab ${start.zonelab} from the run file alone. Latencies count from the instant at which a write was due.`,
  })
}

function tableSection({ title, head, rows, note }: ReportTable): Section {
  const isNumber = (column: number) =>
    column > 0 && rows.every((row) => /^[-\d.,]+( \S+)?$|^$|^not observable$/.test(row[column] ?? ''))
  const numbers = head.map((_cell, column) => isNumber(column))
  const classOf = (column: number) => (numbers[column] ? 'number' : '')
  const body = html`<div class="scroll"><table>
<thead><tr>${head.map((cell, column) => html`<th class="${classOf(column)}">${cell}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map((cell, column) => html`<td class="${classOf(column)}">${cellOf(cell)}</td>`)}</tr>\n`)}</tbody>
</table></div>${note === undefined ? undefined : html`<p class="quiet">${note}</p>`}`
  return { id: title.toLowerCase().replaceAll(/[^a-z]+/g, '-'), title, body }
}

/** The outcome of a threshold has a sign beside its word. */
function cellOf(cell: string): Html | string {
  if (cell === 'held') return badge('good', cell)
  if (Object.hasOwn(TONE, cell)) return badge(TONE[cell as Verdict['outcome']], cell)
  return cell.startsWith('not judged') ? badge('unsure', cell) : cell
}

/** From the median to the last of ten thousand, each nine as wide as the one before. */
const SPECTRUM = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100]

function spectrum({ latency }: Summary): Html {
  const candidates: readonly (readonly [string, LatencyHistogram, Series['colour'], boolean])[] = [
    ['write accepted', latency.accepted, 'quiet', true],
    ['each zone has it', latency.zone, 'link', false],
    ['last zone has it', latency.lastZone, 'unsure', true],
    ['each sidecar has it', latency.sidecar, 'good', false],
    ['zones under a fault', latency.zoneFaulted, 'bad', false],
  ]
  const nines = (percentile: number) => -Math.log10(1 - Math.min(percentile, 99.995) / 100)
  const series = candidates
    .filter(([, histogram]) => histogram.count > 0)
    .map(([name, histogram, colour, dashed]) => ({
      name,
      colour,
      dashed,
      points: SPECTRUM.map((percentile): [number, number] => [nines(percentile), histogram.percentile(percentile)]),
    }))
  if (series.length === 0) return html`<p class="quiet">Nothing was written, so that nothing has a latency.</p>`
  return linePlot({
    title: 'Latency by percentile',
    x: {
      label: 'percentile',
      scale: 'linear',
      min: 0,
      max: nines(100),
      ticks: [0, 50, 90, 99, 99.9, 99.99].map((percentile) => [nines(percentile), `${percentile}`]),
    },
    y: millisecondAxis(
      series.flatMap(({ points }) => points.map(([, ms]) => ms)),
      'after it was due',
    ),
    series,
  })
}

function overTime({ intervals, faults }: Summary): Html {
  const shown = intervals.filter(({ phase }) => ['load', 'settle', 'quiet'].includes(phase))
  const line = (of: (line: IntervalLine) => string, percentile: number) =>
    shown.flatMap((interval): [number, number][] => {
      const histogram = LatencyHistogram.decode(of(interval))
      return histogram.count === 0 ? [] : [[interval.atMs / 1_000, histogram.percentile(percentile)]]
    })
  const candidates: Series[] = [
    { name: 'zone p50', colour: 'link', dashed: true, points: line(({ latency }) => latency.zone, 50) },
    { name: 'zone p99', colour: 'link', points: line(({ latency }) => latency.zone, 99) },
    { name: 'sidecar p99', colour: 'good', points: line(({ latency }) => latency.sidecar, 99) },
    { name: 'zones under a fault, p99', colour: 'bad', points: line(({ latency }) => latency.zoneFaulted, 99) },
    { name: 'accepted p99', colour: 'quiet', dashed: true, points: line(({ latency }) => latency.accepted, 99) },
  ]
  const series = candidates.filter(({ points }) => points.length > 0)
  const from = (shown[0]?.atMs ?? 0) / 1_000
  const axis = countAxis((shown.at(-1)?.atMs ?? 1_000) / 1_000, 'seconds since the start of the run')
  const latencies = linePlot({
    title: 'Latency over time',
    x: { ...axis, min: from, ticks: axis.ticks.filter(([at]) => at >= from) },
    y: millisecondAxis(
      series.flatMap(({ points }) => points.map(([, ms]) => ms)),
      'after it was due',
    ),
    series,
    bands: faults.map(({ fault, atMs, durationMs }) => ({
      from: atMs / 1_000,
      to: (atMs + durationMs) / 1_000,
      label: fault,
    })),
  })
  return series.length === 0 ? talk(intervals) : html`${latencies}\n${talk(intervals)}`
}

/** How much is said over the whole of the run: the quiet tail should be silent. */
function talk(intervals: readonly IntervalLine[]): Html {
  const per = (of: (line: IntervalLine) => number) =>
    intervals.map((line, place): [number, number] => {
      const seconds = Math.max(0.001, (line.atMs - (intervals[place - 1]?.atMs ?? 0)) / 1_000)
      return [line.atMs / 1_000, of(line) / seconds]
    })
  const series: Series[] = [
    { name: 'messages to zones, per second', colour: 'link', points: per(({ wire }) => wire.messagesIn) },
    {
      name: 'messages from zones, per second',
      colour: 'good',
      dashed: true,
      points: per(({ wire }) => wire.messagesOut),
    },
    {
      name: 'zones live',
      colour: 'quiet',
      dashed: true,
      points: intervals.map(({ atMs, live }) => [atMs / 1_000, live]),
    },
  ]
  const highest = Math.max(1, ...series.flatMap(({ points }) => points.map(([, value]) => value)))
  return linePlot({
    title: 'Messages over time',
    x: countAxis((intervals.at(-1)?.atMs ?? 1_000) / 1_000, 'seconds since the start of the run'),
    y: countAxis(highest, 'a second'),
    series,
  })
}

function ladder(steps: readonly StepLine[]): Section {
  const points = steps.filter(({ p99Ms }) => p99Ms !== undefined)
  const table = tableSection(limitTable(steps))
  if (points.length === 0) return { ...table, id: 'ladder' }
  const sorted = [...points].sort((a, b) => a.value - b.value)
  const pointsOf = (outcome: string) =>
    sorted.flatMap((step): [number, number][] => (step.outcome === outcome ? [[step.value, step.p99Ms ?? 0]] : []))
  const outcomes = (Object.keys(TONE) as Verdict['outcome'][]).filter((outcome) => pointsOf(outcome).length > 0)
  const highest = Math.max(1, ...steps.map(({ value }) => value))
  const plot = linePlot({
    title: 'Each step of the search for the limit',
    x: countAxis(highest, steps[0]?.knob ?? ''),
    y: millisecondAxis(
      points.map(({ p99Ms }) => p99Ms ?? 0),
      'zone p99',
    ),
    series: [
      { name: 'zone p99', colour: 'quiet', points: sorted.map(({ value, p99Ms }) => [value, p99Ms ?? 0]) },
      ...outcomes.map((outcome) => ({ name: outcome, colour: TONE[outcome], dots: true, points: pointsOf(outcome) })),
    ],
  })
  return { ...table, id: 'ladder', body: html`${plot}\n${table.body}` }
}

function notes(texts: readonly string[]): Html {
  return html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`
}
