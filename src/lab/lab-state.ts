import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { type LabSpec, labSpecSchema } from './lab-spec.js'
import { type LabPaths, labPaths, labsDir } from './paths.js'
import { readIfThere, writePrivateFile } from './private-files.js'
import { type ProcessId, processIdSchema } from './process-id.js'

/** Component → setting → port. Kept over restarts, so that peers find each other again. */
export type LabPorts = Readonly<Record<string, Readonly<Record<string, number>>>>

/** `lab.json`: what outlives the lab's processes. Only the lab's supervisor writes it. */
export interface LabState {
  readonly format: 1
  readonly spec: LabSpec
  readonly ports: LabPorts
  /** Undefined once the lab has been stopped in order. */
  readonly supervisor: ProcessId | undefined
  /** Processes that the supervisor has started and has not seen end. */
  readonly children: readonly ProcessId[]
}

const stateSchema = z.object({
  format: z.literal(1),
  spec: labSpecSchema,
  ports: z.record(z.string(), z.record(z.string(), z.number())),
  supervisor: processIdSchema.optional(),
  children: z.array(processIdSchema),
})

/** Undefined when there is no such lab. Throws `invalid-argument` for a file that this zonelab cannot read. */
export function readLabState(paths: LabPaths): LabState | undefined {
  const text = readIfThere(paths.stateFile)
  if (text === undefined) return undefined
  try {
    return stateSchema.parse(JSON.parse(text)) as LabState
  } catch (cause) {
    throw new AppError(
      'invalid-argument',
      `${paths.stateFile} was not written by this zonelab; remove the lab with "zonelab down --purge --lab ${paths.name}"`,
      { cause },
    )
  }
}

export function writeLabState(paths: LabPaths, state: LabState): void {
  writePrivateFile(paths.stateFile, `${JSON.stringify(state, null, 2)}\n`)
}

/** Names of all labs that have a directory, in order. */
export function listLabs(env: Readonly<Record<string, string | undefined>>): string[] {
  const dir = labsDir(env)
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && readIfThere(join(dir, entry.name, 'lab.json')) !== undefined)
      .map(({ name }) => name)
      .sort()
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
}

/** Ports of the user's other labs, running or not. A state that cannot be read has none. */
export function portsOfOtherLabs(name: string, env: Readonly<Record<string, string | undefined>>): LabPorts[] {
  return listLabs(env)
    .filter((other) => other !== name)
    .map((other) => {
      try {
        return readLabState(labPaths(other, env))?.ports ?? {}
      } catch {
        return {}
      }
    })
}
