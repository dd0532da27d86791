import { AppError } from '../base/errors.js'
import { canBeTaken, type ExportedResource } from '../load/run-setup.js'
import type { Context, Input } from './command.js'
import { type ResourceDocument, readDocuments } from './documents.js'
import { plural } from './quantities.js'
import { readSources } from './sources.js'

/**
 * Policies of an export of a global, for a run's own mesh. What a run cannot take is told by its types. Throws what
 * reading and checking them throws, and `invalid-argument` for an export that is none.
 */
export async function readExport(input: Input, { io, clock }: Context): Promise<readonly ExportedResource[]> {
  const path = input.text('resources')
  if (path === undefined) return []
  if (input.given('target') && !input.given('api')) {
    throw new AppError('invalid-argument', '--resources: they are written over the API of the target: --api URL')
  }
  const { resources } = readDocuments(await readSources(path, io, clock))
  requireWhole(resources)
  const taken = resources.filter(canBeTaken)
  const left = [...new Set(resources.filter((one) => !canBeTaken(one)).map(({ type }) => type))].sort()
  if (taken.length === 0) {
    const only = left.length === 0 ? '' : `, only ${left.join(', ')}`
    throw new AppError('invalid-argument', `${path}: there is no policy in it that a run could take${only}`)
  }
  const policies = taken.length === 1 ? '1 policy' : `${taken.length} policies`
  const others =
    left.length === 0 ? '' : `; ${plural(resources.length - taken.length, 'other')} not: ${left.join(', ')}`
  io.err(`zonelab: ${policies} of ${path} taken into the run's mesh${others}`)
  return taken
}

/** An export says each thing once, and with the policies of a mesh the mesh, if it has meshes at all. */
function requireWhole(resources: readonly ResourceDocument[]): void {
  const meshes = resources.filter(({ type }) => type === 'Mesh').map(({ name }) => name)
  const seen = new Map<string, string>()
  const mistakes = resources.flatMap(({ type, mesh, name, where, meshWhere }) => {
    // The run has one mesh: what stands apart by its mesh is told apart by the name that it is given.
    const key = `${type}/${mesh === undefined ? '' : `${mesh}-`}${name}`
    const before = seen.get(key)
    if (before !== undefined) return [`${where}: ${type} "${name}" is at ${before} already`]
    seen.set(key, where)
    if (mesh === undefined || meshes.length === 0 || meshes.includes(mesh)) return []
    return [`${meshWhere}: mesh: there is no Mesh "${mesh}" in the export`]
  })
  if (mistakes.length > 0) throw new AppError('invalid-argument', mistakes.join('\n'))
}
