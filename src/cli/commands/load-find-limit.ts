import type { Command } from '../command.js'
import { KNOBS, RUN_FLAGS } from '../load-flags.js'

export const loadFindLimit: Command = {
  name: 'load find-limit',
  group: 'Measuring',
  summary: 'Run a scenario larger and larger until a threshold is crossed',
  details:
    'Doubles one quantity, then halves what lies between the last run that held and the first that did not. A run whose\n' +
    'generator was the bottleneck ends the search: what lies beyond is the limit of the generator (exit code 11). Reports\n' +
    'tell the largest run that held, with each step beside it. When not even the first one holds, its exit code is that of the search.',
  args: [{ name: 'scenario', doc: 'A ready one' }],
  flags: [
    { name: 'knob', value: 'WHAT', doc: 'What grows', fallback: 'zones', words: KNOBS },
    { name: 'from', value: 'N', doc: 'The first step', fallback: '10' },
    { name: 'max', value: 'N', doc: 'The largest step', fallback: '1000' },
    ...RUN_FLAGS.filter(({ name }) => name !== 'dry-run' && name !== 'raw'),
  ],
  examples: ['zonelab load find-limit fanout --knob zones --from 10 --max 400 --duration 10s'],
  async run(context, input) {
    const { findLimit } = await import('../load-limit.js')
    return findLimit(context, input)
  },
}
