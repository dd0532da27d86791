import { AppError } from '../base/errors.js'
import { ZONE_PROXY } from '../lab/fleet.js'
import { itemPath } from '../lab/resource-paths.js'
import type { JsonObject } from '../model/json.js'
import { descriptorOf, POLICY_TYPES, type ResourceType } from '../model/registry.js'
import { inParallel } from './in-parallel.js'
import type { LoadPlan, PlannedWrite } from './plan.js'
import type { LoadTarget } from './target.js'
import { WRITTEN_TYPES, type WrittenType, writeBody } from './write-body.js'

/** A resource of an export, which a run takes into its own mesh. */
export interface ExportedResource {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
  readonly body: JsonObject
}

/** Makes what is there before the first zone: the mesh, standing resources, an export, one of each resource of the load. */
export async function setUp(
  plan: LoadPlan,
  target: LoadTarget,
  inputs: {
    readonly standing: number
    readonly exported: readonly ExportedResource[]
    readonly onWrite: (write: PlannedWrite) => void
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { api } = target
  if (!api) return
  const jobs: (() => Promise<unknown>)[] = []
  for (const tenant of target.tenants) {
    const client = api(tenant)
    // Policies of a new mesh would be stronger than ours by their names.
    const mesh = { type: 'Mesh', name: plan.mesh, skipCreatingInitialPolicies: ['*'] }
    await client.put(`/meshes/${plan.mesh}`, mesh)
    for (const resource of inputs.exported) {
      const body = takenIn(plan, resource)
      jobs.push(() => client.put(itemPath(resource.type, plan.mesh, String(body.name)), body))
    }
    for (let place = 1; place <= inputs.standing; place += 1) {
      const body = standingBody(plan, place)
      jobs.push(() => client.put(itemPath(body.type, plan.mesh, body.name), body.json))
    }
  }
  for (const write of plan.writes) {
    if (write.atMs !== undefined) break
    jobs.push(async () => {
      await performWrite(plan, target, write)
      inputs.onWrite(write)
    })
  }
  await inParallel(jobs, inputs.signal)
}

/** Writes one of the plan's, as it is numbered. Throws what the target's API says. */
export async function performWrite(
  plan: LoadPlan,
  target: LoadTarget,
  { number, resource, bytes }: PlannedWrite,
): Promise<void> {
  const planned = plan.resources[resource]
  if (!planned || !target.api) throw new AppError('internal', `write ${number} has no resource or no API`)
  const { type, name, group, tenant } = planned
  const body = writeBody({ type, mesh: plan.mesh, name, number, group, bytes })
  await target.api(tenant).put(itemPath(type, plan.mesh, name), body)
}

/** Small policies that select no sidecar, spread over the types that are written. */
function standingBody(plan: LoadPlan, place: number): { type: WrittenType; name: string; json: JsonObject } {
  const type = WRITTEN_TYPES[place % WRITTEN_TYPES.length] ?? 'MeshTimeout'
  const name = `zl-${plan.run}-standing-${place}`
  return {
    type,
    name,
    json: { ...writeBody({ type, mesh: plan.mesh, name, number: 1, group: NOBODY, bytes: 512 }), labels: {} },
  }
}

/** A group that no sidecar is in. */
const NOBODY = 999_999

/** What of an export a run can take: what lives in a mesh and is not a zone's own. */
export function canBeTaken({ type, name }: Pick<ExportedResource, 'type' | 'name'>): boolean {
  const { scope, readOnly, flow } = descriptorOf(type)
  return scope === 'mesh' && !readOnly && flow.providedByGlobal && name !== ZONE_PROXY && POLICY_TYPES.includes(type)
}

/** In the run's mesh, under a name of the run's. */
function takenIn(plan: LoadPlan, { type, mesh, name, body }: ExportedResource): JsonObject {
  const { creationTime: _created, modificationTime: _modified, kri: _kri, status: _status, ...stated } = body
  const labels = Object.fromEntries(
    Object.entries((stated.labels ?? {}) as JsonObject).filter(([key]) => !key.startsWith('kuma.io/')),
  )
  return { ...stated, type, mesh: plan.mesh, name: `zl-${plan.run}-${mesh ?? 'default'}-${name}`.slice(0, 253), labels }
}
