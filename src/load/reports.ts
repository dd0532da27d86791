import type { Renderers } from '../report/destinations.js'
import { markdownTable, markdownText } from '../report/markdown.js'
import { element, xmlDocument } from '../report/xml.js'
import type { LatencyHistogram } from './histogram.js'
import { htmlReport } from './html-report.js'
import { limitOfSteps } from './limit-search.js'
import type { LoadResult } from './load-result.js'
import { RUN_HOPS, RUN_KIND } from './run-lines.js'
import { reportTables, textTable, verdictSentence } from './text-report.js'
import type { JudgedThreshold } from './verdict.js'

/** Every form of a load report; each is made from the lines of the run alone. */
export const LOAD_REPORTS = {
  html: htmlReport,
  json: jsonReport,
  md: markdownReport,
  junit: junitReport,
  text: textReport,
} satisfies Renderers<LoadResult>

function markdownReport({ summary, verdict }: LoadResult): string {
  const { start } = summary
  const { processor, cores, memoryGiB, node } = start.machine
  const head = [
    `## Load run ${markdownText(String(start.scenario.name))}: ${verdict.outcome}`,
    markdownText(verdictSentence(summary, verdict)),
    `Target ${markdownText([start.target.name, start.target.version].filter(Boolean).join(', '))} · run ${start.run} · seed ${String(start.scenario.seed)} · ${markdownText(processor)}, ${cores} cores, ${memoryGiB} GiB, Node ${node}`,
  ]
  const tables = reportTables(summary, verdict)
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, head: columns, rows, note }) =>
      [
        `### ${markdownText(title)}`,
        markdownTable(columns, rows).trimEnd(),
        ...(note ? [markdownText(note)] : []),
      ].join('\n\n'),
    )
  return `${[...head, ...tables, ...start.notes.map((note) => `> ${markdownText(note)}`)].join('\n\n')}\n`
}

/** For terminals: the same tables, columns aligned. */
function textReport({ summary, verdict }: LoadResult): string {
  const parts = reportTables(summary, verdict)
    .filter(({ rows }) => rows.length > 0)
    .map(textTable)
  const notes = summary.start.notes.map((note) => `note: ${note}`)
  return `${[...parts, ...notes, `${verdict.outcome.toUpperCase()}: ${verdictSentence(summary, verdict)}`].join('\n\n')}\n`
}

/** One test case for each threshold, and one for what every run has to hold: that nothing is lost. */
function junitReport({ summary, verdict }: LoadResult): string {
  const suite = `load.${String(summary.start.scenario.name)}`
  const lost: JudgedThreshold = {
    text: 'every zone and sidecar holds what was written last',
    measured: undefined,
    outcome: verdict.nothingLost === undefined ? 'not judged' : verdict.nothingLost ? 'held' : 'crossed',
    ...(verdict.nothingLost === undefined && { why: 'the run did not get so far' }),
  }
  const cases = [...verdict.thresholds, lost]
  const count = (outcome: JudgedThreshold['outcome']) => cases.filter((one) => one.outcome === outcome).length
  const attributes = { name: suite, tests: cases.length, failures: count('crossed'), skipped: count('not judged') }
  const elements = cases.map(({ text, measured, outcome, why }) =>
    element(
      'testcase',
      { classname: suite, name: text },
      ...(outcome === 'crossed' ? [element('failure', { message: `measured ${measured ?? 'otherwise'}` })] : []),
      ...(outcome === 'not judged' ? [element('skipped', { message: why ?? '' })] : []),
    ),
  )
  return xmlDocument(element('testsuites', {}, element('testsuite', attributes, ...elements)))
}

/** For programs: figures first, then the lines that they are made from. */
function jsonReport({ lines, summary, verdict }: LoadResult): string {
  const { latency, hops, counts, generator, targetUse, quiet, stragglers, start, end, steps } = summary
  const body = {
    kind: RUN_KIND,
    run: start.run,
    scenario: start.scenario.name,
    seed: start.scenario.seed,
    target: start.target,
    machine: start.machine,
    how: end.how,
    outcome: verdict.outcome,
    thresholds: verdict.thresholds,
    nothingLost: verdict.nothingLost,
    generatorFaults: verdict.generatorFaults,
    latencyMs: Object.fromEntries(Object.entries(latency).map(([name, histogram]) => [name, figuresOf(histogram)])),
    hopsMs: Object.fromEntries(RUN_HOPS.map((name) => [name, figuresOf(hops.get(name))])),
    counts,
    generator,
    targetUse,
    quiet,
    stragglers: stragglers.slice(0, 20),
    ...(steps.length > 0 && { limit: limitOfSteps(steps), steps }),
    lines,
  }
  return `${JSON.stringify(body, null, 1)}\n`
}

function figuresOf(histogram: LatencyHistogram | undefined): object | 'not observable' {
  if (histogram === undefined || histogram.count === 0) return 'not observable'
  const at = (percentile: number) => histogram.percentile(percentile)
  return {
    count: histogram.count,
    mean: histogram.meanMs,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    'p99.9': at(99.9),
    max: histogram.maxMs,
  }
}
