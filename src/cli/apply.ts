import { AppError } from '../base/errors.js'
import type { ApiClient } from '../lab/api-client.js'
import { apiClient, globalOf, shardOf, witnessesOf } from '../lab/lab-clients.js'
import { itemPath, listPath } from '../lab/resource-paths.js'
import { untilSynced } from '../lab/sync-wait.js'
import type { Context } from './command.js'
import { type ResourceDocument, readDocuments } from './documents.js'
import { explainLines } from './explain.js'
import { recordHops } from './hop-recorder.js'
import { unlessInterrupted } from './interrupted.js'
import { componentNamed, diagnosticsOf, type LabAccess } from './lab-access.js'
import { laggardLines } from './laggards.js'
import { readSources } from './sources.js'
import { resourceLabel } from './type-names.js'

export interface ApplyOptions {
  readonly zone: string | undefined
  readonly tenant: string | undefined
  readonly dryRun: boolean
  readonly wait: boolean
  readonly explain: boolean
  readonly timeoutMs: number
}

/** Checks every document, and that its mesh is there, before the first is written; then writes them, meshes first. Throws at the first refusal. */
export async function applyFrom(
  paths: readonly string[],
  lab: LabAccess,
  context: Context,
  options: ApplyOptions,
): Promise<void> {
  const { io, clock } = context
  const sources = (await Promise.all(paths.map((path) => readSources(path, io, clock)))).flat()
  const { resources, skipped } = readDocuments(sources)
  for (const { where, kind } of skipped) io.err(`${where}: skipped, a ${kind} is not a resource`)
  const last = resources.at(-1)
  if (!last) {
    throw new AppError('invalid-argument', `${sources.map(({ name }) => name).join(', ')}: there is no resource in it`)
  }
  const api = apiFor(lab, context, options)
  await checkMeshes(resources, api)
  if (options.dryRun) {
    for (const document of resources) io.out(`${resourceLabel(document)} checked (dry run)`)
    return
  }
  for (const document of resources.slice(0, -1)) await write(api, document, context)
  if (options.explain) await explained(last, api, lab, context, options)
  else {
    await write(api, last, context)
    if (options.wait) await waitOrThrow(lab, context, options)
  }
}

/** Throws `not-found` that names every document whose mesh is neither at the target nor among the documents. */
export async function checkMeshes(resources: readonly ResourceDocument[], api: Pick<ApiClient, 'list'>): Promise<void> {
  const known = new Set(resources.filter(({ type }) => type === 'Mesh').map(({ name }) => name))
  const unsure = resources.filter(({ mesh }) => mesh !== undefined && !known.has(mesh))
  if (unsure.length === 0) return
  for (const { name } of await api.list<{ name: string }>(listPath('Mesh', undefined))) known.add(name)
  const lost = unsure.filter(({ mesh }) => mesh !== undefined && !known.has(mesh))
  if (lost.length === 0) return
  throw new AppError(
    'not-found',
    lost.map((one) => `${one.meshWhere}: ${resourceLabel(one)}: mesh "${one.mesh}" is not there`).join('\n'),
  )
}

function apiFor(lab: LabAccess, context: Context, { zone, tenant }: ApplyOptions): ApiClient {
  const component = zone === undefined ? globalOf(lab.view, tenant) : componentNamed(lab, zone, tenant)
  return apiClient(lab.view, component, context.clock, tenant)
}

async function write(api: ApiClient, document: ResourceDocument, { io }: Context): Promise<void> {
  const { type, mesh, name, body, where } = document
  try {
    const { created, warnings } = await api.put(itemPath(type, mesh, name), body)
    io.out(`${resourceLabel(document)} ${created ? 'created' : 'updated'}`)
    for (const warning of warnings) io.err(`${io.paint('yellow', 'warning')}: ${resourceLabel(document)}: ${warning}`)
  } catch (thrown) {
    const { code, message, violations } = AppError.from(thrown)
    throw new AppError(code, `${where}: ${resourceLabel(document)} was not applied: ${message}`, {
      violations,
      cause: thrown,
    })
  }
}

/** Shows the way of the document's change: the hops that every process saw of it, with their times. */
async function explained(
  document: ResourceDocument,
  api: ApiClient,
  lab: LabAccess,
  context: Context,
  options: ApplyOptions,
): Promise<void> {
  await waitOrThrow(lab, context, options)
  const shard = shardOf(lab.view, options.tenant)
  const components = lab.view.components.filter(
    (component) =>
      (component.kind === 'global' && component.shard === shard) ||
      (component.kind === 'zone' && component.tenant === (options.tenant ?? component.tenant)),
  )
  const clients = components.flatMap((component) => diagnosticsOf(lab, component, context) ?? [])
  const recording = await recordHops(clients, context.clock)
  try {
    await write(api, document, context)
    await waitOrThrow(lab, context, options)
  } finally {
    await recording.stop()
  }
  const zones = components.filter(({ kind }) => kind === 'zone')
  const watched = {
    zones: zones.map(({ name }) => name),
    unobservable: zones.filter(({ state }) => state === 'external').map(({ name }) => name),
    globalObservable: components.some(({ kind }) => kind === 'global'),
  }
  const hops = recording.hops.filter(({ tenant }) => tenant === (options.tenant ?? tenant))
  for (const line of explainLines(document, hops, watched)) context.io.out(line)
}

async function waitOrThrow(
  { view }: LabAccess,
  { clock, signal }: Context,
  { tenant, timeoutMs }: ApplyOptions,
): Promise<void> {
  const { synced, laggards } = await unlessInterrupted(
    untilSynced(witnessesOf(view, clock, tenant), timeoutMs, clock),
    signal,
  )
  if (synced) return
  throw new AppError('timed-out', ['not everyone has it in time:', ...laggardLines(laggards)].join('\n'))
}
