import { canBeTaken, type ExportedResource } from '../load/run-setup.js'
import type { Context } from './command.js'
import { readDocuments } from './documents.js'
import { readSources } from './sources.js'

/** Policies of an export of a global. What a run cannot take is counted. Throws what reading and checking them throws. */
export async function readExport(
  path: string | undefined,
  { io, clock }: Context,
): Promise<readonly ExportedResource[]> {
  if (path === undefined) return []
  const { resources } = readDocuments(await readSources(path, io, clock))
  const taken = resources.filter(canBeTaken)
  const left = resources.length - taken.length
  io.err(
    `zonelab: ${taken.length} policies of ${path} are taken into the run's mesh${left > 0 ? `; ${left} other resources are not` : ''}`,
  )
  return taken
}
