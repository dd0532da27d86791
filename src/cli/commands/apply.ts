import { AppError } from '../../base/errors.js'
import { type Command, LAB_FLAG, TENANT_FLAG, TIMEOUT_FLAG, ZONE_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { openLab, tenantOf } from '../lab-access.js'
import { parseDuration } from '../quantities.js'

export const apply: Command = {
  name: 'apply',
  group: 'Resources',
  summary: 'Create or update resources from files',
  details:
    'All documents, and that their meshes are there, are checked before the first one is written; meshes are written first.',
  flags: [
    { name: 'file', short: 'f', value: 'PATH', doc: 'File, directory, URL, or - for standard input', repeatable: true },
    { name: 'dry-run', doc: 'Check only' },
    { name: 'wait', doc: 'Return once every zone and sidecar has it' },
    { name: 'explain', doc: 'Show the way of the last change, hop by hop' },
    TIMEOUT_FLAG,
    ZONE_FLAG,
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab apply -f examples/policies --wait',
    'zonelab apply -f examples/policies/backend-timeout.yaml --wait --explain',
    'cat examples/policies/backend-timeout.yaml | zonelab apply -f - --dry-run',
  ],
  async run(context, input) {
    const paths = input.texts('file')
    if (paths.length === 0) throw new AppError('invalid-argument', 'say what to apply with -f PATH')
    const lab = await openLab(context, input)
    const { applyFrom } = await import('../apply.js')
    await applyFrom(paths, lab, context, {
      zone: input.text('zone'),
      tenant: tenantOf(lab, input),
      dryRun: input.switch('dry-run'),
      wait: input.switch('wait'),
      explain: input.switch('explain'),
      timeoutMs: parseDuration('--timeout', input.text('timeout') ?? '30s'),
    })
    return EXIT.ok
  },
}
