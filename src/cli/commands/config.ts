import { AppError } from '../../base/errors.js'
import { apiClient } from '../../lab/lab-clients.js'
import { type Command, LAB_FLAG, OUTPUT_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { componentNamed, openLab } from '../lab-access.js'
import { printObject } from '../output.js'

export const configView: Command = {
  name: 'config view',
  group: 'Seeing',
  summary: 'The configuration with which a control plane runs; secrets are masked',
  args: [{ name: 'component', doc: 'global or a zone (default global)' }],
  flags: [TENANT_FLAG, LAB_FLAG, { ...OUTPUT_FLAG, fallback: 'yaml', words: ['yaml', 'json'] }],
  examples: ['zonelab config view', 'zonelab config view zone-1 -o json'],
  async run(context, input) {
    const lab = await openLab(context, input)
    const component = componentNamed(lab, input.args[0] ?? 'global', input.text('tenant'))
    if (component.kind === 'dataplane') {
      throw new AppError('invalid-argument', `${component.name} is no control plane; its sidecars answer /config_dump`)
    }
    const config = await apiClient(lab.view, component, context.clock, undefined).get<unknown>('/config')
    printObject(context.io, input.text('output') === 'json' ? 'json' : 'yaml', config)
    return EXIT.ok
  },
}
