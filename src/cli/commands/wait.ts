import { AppError } from '../../base/errors.js'
import { type Command, LAB_FLAG, TENANT_FLAG, TIMEOUT_FLAG } from '../command.js'
import { CONDITIONS, parseCondition, waitFor } from '../conditions.js'
import { EXIT } from '../exit-codes.js'
import { unlessInterrupted } from '../interrupted.js'
import { openLab } from '../lab-access.js'
import { laggardLines } from '../laggards.js'
import { parseDuration } from '../quantities.js'

export const wait: Command = {
  name: 'wait',
  group: 'Seeing',
  summary: 'Return when a condition holds; exit 3, and who keeps it from holding, when it does not in time',
  details: `Conditions:\n${CONDITIONS.map(([form, doc]) => `  ${form.padEnd(24)} ${doc}`).join('\n')}`,
  flags: [{ name: 'for', value: 'CONDITION', doc: 'What to wait for' }, TIMEOUT_FLAG, TENANT_FLAG, LAB_FLAG],
  examples: [
    'zonelab wait --for synced --timeout 10s',
    'zonelab wait --for synced=MeshTimeout/backend-timeout',
    'zonelab wait --for zone/zone-2=offline',
  ],
  async run(context, input) {
    const text = input.text('for')
    if (text === undefined) throw new AppError('invalid-argument', 'say what to wait for with --for CONDITION')
    const condition = parseCondition(text)
    const timeoutMs = parseDuration('--timeout', input.text('timeout') ?? '30s')
    const lab = await openLab(context, input)
    const laggards = await unlessInterrupted(waitFor(condition, lab, context, input, timeoutMs), context.signal)
    if (laggards.length === 0) {
      context.io.err(`zonelab: ${text}`)
      return EXIT.ok
    }
    throw new AppError(
      'timed-out',
      [`not ${text} within ${input.text('timeout') ?? '30s'}:`, ...laggardLines(laggards)].join('\n'),
    )
  },
}
