import { REPORT_FORMATS } from '../../report/destinations.js'
import { type Command, type Flag, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'

const COMPARISON_WORDS = ['text', 'md', 'json'] as const

const formatFlag = (words: readonly string[]): Flag => ({ ...OUTPUT_FLAG, fallback: 'text', words })

export const reportShow: Command = {
  name: 'report show',
  group: 'Reports',
  summary: 'Tell the result of a run again, in any form of report',
  args: [{ name: 'file', doc: 'The json report of a run', required: true }],
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
  flags: [formatFlag(COMPARISON_WORDS)],
  examples: ['zonelab report compare monday.json today.json', 'zonelab report compare a.json b.json -o md'],
  async run({ io }, input) {
    const { compareReports } = await import('../report-kinds.js')
    const [before = '', after = ''] = input.args
    io.draw(compareReports(before, after, input.word('output', COMPARISON_WORDS) ?? 'text'))
    return EXIT.ok
  },
}
