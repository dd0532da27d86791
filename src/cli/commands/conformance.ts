import { AppError } from '../../base/errors.js'
import { type Command, OUTPUT_FLAG } from '../command.js'
import { BEHAVIOUR_FLAGS, SELECTION_FLAGS, TARGET_FLAGS } from '../conformance/flags.js'
import { EXIT } from '../exit-codes.js'
import { printObject } from '../output.js'
import { table } from '../table.js'

export const conformanceRun: Command = {
  name: 'conformance run',
  group: 'Conformance',
  summary: 'Hold a control plane against the token matrix; without a target a throw-away one',
  details:
    'Hostile calls are made on every RPC, each beside a legal one that differs in one thing. Exit code 0: every case that\n' +
    'binds passed; 10: one failed; 11: it cannot be said, or cases that bind were not run for want of means; 3: no such\n' +
    'target; 4: refused for safety.',
  flags: [
    ...TARGET_FLAGS,
    ...SELECTION_FLAGS,
    ...BEHAVIOUR_FLAGS,
    { name: 'rate', value: 'N', doc: 'Calls a second', fallback: '200' },
    { name: 'timeout', value: 'TIME', doc: 'How long one call may take', fallback: '10s' },
    { name: 'timed-calls', value: 'N', doc: 'Calls of each kind, where times are compared', fallback: '200' },
    {
      name: 'controller',
      value: 'FILE',
      doc: 'Module or executable that does what only an operator can, or starts a zone',
    },
    { name: 'target-log', value: 'FILE', doc: 'Log of the target, searched for credentials' },
    { name: 'expected-failures', value: 'FILE', doc: 'Ids of cases known to fail; one that passes fails the run' },
    { name: 'report', value: 'DIR|FORMAT=FILE', doc: 'Write reports: html, junit, sarif, tap, json, md, yaml, text' },
  ],
  examples: [
    'zonelab conformance run',
    'zonelab conformance run --lab default --case ZT-03 --report html=tokens.html',
    'zonelab conformance run --target 127.0.0.1:5685 --ca ca.crt --api http://127.0.0.1:5681 --user-token-file admin.jwt',
    'zonelab conformance run --profile zone-client --controller zone.mjs',
  ],
  async run(context, input) {
    const { runConformance } = await import('../conformance/run.js')
    return runConformance(context, input)
  },
}

export const conformanceList: Command = {
  name: 'conformance list',
  group: 'Conformance',
  summary: 'All cases, or those of a profile',
  flags: [...SELECTION_FLAGS.slice(0, 3), { ...OUTPUT_FLAG, words: ['table', 'wide', 'name', 'json', 'yaml'] }],
  examples: ['zonelab conformance list', 'zonelab conformance list --profile zone-jwt --case time -o wide'],
  async run({ io }, input) {
    const { listedCases, CASE_COLUMNS } = await import('../conformance/listing.js')
    const cases = listedCases(input)
    const format = input.output()
    if (format === 'json' || format === 'yaml')
      printObject(io, format, { items: cases, total: cases.length, next: null })
    else if (format === 'name') for (const { id } of cases) io.out(id)
    else io.out(table(CASE_COLUMNS, cases, format === 'wide'))
    return EXIT.ok
  },
}

export const conformanceExplain: Command = {
  name: 'conformance explain',
  group: 'Conformance',
  summary: 'What a case tries, what it expects and why',
  args: [{ name: 'case', doc: 'Such as ZT-033', required: true }],
  examples: ['zonelab conformance explain ZT-033'],
  async run({ io }, input) {
    const { explainCase } = await import('../conformance/listing.js')
    const [id = ''] = input.args
    const text = explainCase(id)
    if (text === undefined) {
      throw new AppError('not-found', `there is no case ${id}; zonelab conformance list has all`)
    }
    io.out(text)
    return EXIT.ok
  },
}
