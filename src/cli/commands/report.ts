import { REPORT_FORMATS } from '../../report/destinations.js'
import { type Command, type Flag, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { FAIL_ON_FLAG } from '../load-flags.js'

const COMPARISON_WORDS = ['text', 'md', 'json'] as const

const formatFlag = (words: readonly string[]): Flag => ({ ...OUTPUT_FLAG, fallback: 'text', words })

export const reportShow: Command = {
  name: 'report show',
  group: 'Reports',
  summary: 'Tell the result of a run again, in any form of report',
  args: [{ name: 'file', doc: 'The json report of a run, or the raw file of a load run', required: true }],
  flags: [formatFlag(REPORT_FORMATS)],
  examples: ['zonelab report show result.json', 'zonelab report show result.json -o html > report.html'],
  async run({ io }, input) {
    const { showReport } = await import('../report-kinds.js')
    const [file = ''] = input.args
    io.draw(showReport(file, input.word('output', REPORT_FORMATS) ?? 'text'))
    return EXIT.ok
  },
}

export const reportCompare: Command = {
  name: 'report compare',
  group: 'Reports',
  summary: 'What stands elsewhere in a second run than in a first',
  args: [
    { name: 'before', doc: 'The json report of the first run', required: true },
    { name: 'after', doc: 'The json report of the second run', required: true },
  ],
  details:
    'Load runs: a change is told from noise by resampling the seconds of both runs. Exit code 99 when a change that\n' +
    '--fail-on names has happened, 11 when one of the runs did not see what it names; 2 when scenario, seed, machine or generator forbid a comparison.',
  flags: [
    formatFlag(COMPARISON_WORDS),
    { ...FAIL_ON_FLAG, doc: `Load runs: ${FAIL_ON_FLAG.doc}` },
    { name: 'force', doc: 'Load runs: compare what should not be compared' },
  ],
  examples: [
    'zonelab report compare monday.json today.json',
    "zonelab report compare a/run.ndjson b/run.ndjson --fail-on 'zone.propagation:p(99)>+20%'",
  ],
  async run({ io }, input) {
    const { compareReports } = await import('../report-kinds.js')
    const [before = '', after = ''] = input.args
    const format = input.word('output', COMPARISON_WORDS) ?? 'text'
    const rules = { failOn: input.texts('fail-on'), force: input.switch('force') }
    const { text, outcome } = compareReports(before, after, format, rules)
    io.draw(text)
    return { passed: EXIT.ok, failed: EXIT.thresholdCrossed, unjudged: EXIT.inconclusive }[outcome]
  },
}
