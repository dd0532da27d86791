import { readFileSync } from 'node:fs'
import { packageFile } from '../../base/program-files.js'
import { type Command, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { printObject } from '../output.js'

export const version: Command = {
  name: 'version',
  group: 'Other',
  summary: 'Version of zonelab, of Node.js, and of what zonelab speaks',
  flags: [OUTPUT_FLAG],
  examples: ['zonelab version', 'zonelab version -o json'],
  async run(context, input) {
    const { CONTROL_PLANE_VERSION } = await import('../../sync/sync-node.js')
    const facts = {
      zonelab: zonelabVersion(),
      node: process.version,
      speaks: `Kuma ${CONTROL_PLANE_VERSION.version}`,
    }
    const format = input.output()
    if (format === 'json' || format === 'yaml') printObject(context.io, format, facts)
    else context.io.out(`zonelab ${facts.zonelab} (Node.js ${facts.node}), speaks ${facts.speaks}`)
    return EXIT.ok
  },
}

export function zonelabVersion(): string {
  const manifest = readFileSync(packageFile('package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
