import { AppError } from '../../base/errors.js'
import { itemPath } from '../../lab/resource-paths.js'
import { descriptorOf, type ResourceType } from '../../model/registry.js'
import { type Command, type Context, type Input, LAB_FLAG, MESH_FLAG, TENANT_FLAG, ZONE_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, openLab } from '../lab-access.js'
import { readSources } from '../sources.js'
import { parseType, resourceLabel } from '../type-names.js'

interface Target {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
}

export const deleteCommand: Command = {
  name: 'delete',
  group: 'Resources',
  summary: 'Delete resources by type and name, or those that files name',
  args: [
    { name: 'type', doc: 'MeshTimeout, meshtimeouts or mt' },
    { name: 'name', doc: 'Names', variadic: true },
  ],
  flags: [
    { name: 'file', short: 'f', value: 'PATH', doc: 'File, directory, URL, or - for standard input', repeatable: true },
    MESH_FLAG,
    ZONE_FLAG,
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: ['zonelab delete meshtimeout backend-timeout', 'zonelab delete -f examples/policies'],
  async run(context, input) {
    const targets = await targetsOf(context, input)
    const api = apiOf(await openLab(context, input), context, input)
    for (const target of targets) {
      await api.delete(itemPath(target.type, target.mesh, target.name))
      context.io.out(`${resourceLabel(target)} deleted`)
    }
    return EXIT.ok
  },
}

/** Meshes last: what is in them would be gone already. */
async function targetsOf(context: Context, input: Input): Promise<readonly Target[]> {
  const paths = input.texts('file')
  const [typeText, ...names] = input.args
  if (paths.length > 0) {
    if (typeText !== undefined) throw new AppError('invalid-argument', 'give a type and names, or -f, not both')
    const sources = (await Promise.all(paths.map((path) => readSources(path, context.io, context.clock)))).flat()
    const { readDocuments } = await import('../documents.js')
    return [...readDocuments(sources).resources].reverse()
  }
  if (typeText === undefined || names.length === 0) {
    throw new AppError('invalid-argument', 'say what to delete: TYPE NAME…, or -f PATH')
  }
  const type = parseType(typeText)
  const mesh = descriptorOf(type).scope === 'mesh' ? (input.text('mesh') ?? 'default') : undefined
  return names.map((name) => ({ type, mesh, name }))
}
