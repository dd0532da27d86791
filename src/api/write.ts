import { AppError, type Violation } from '../base/errors.js'
import { rfc1035LabelFaults } from '../model/dns-names.js'
import { LABEL, type Labels } from '../model/labels.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceDraft, type ResourceKey } from '../model/resource.js'
import type { Write, WriteOutcome } from '../store/store.js'
import { readBody, type StatedResource } from './body.js'
import { isReadOnly } from './descriptor-json.js'
import { isOnline } from './global-insight.js'
import { invalidResource, step } from './problem.js'
import { getExisting, mayTouch, meshOf } from './read.js'
import { json, type Reply } from './reply.js'
import type { ApiRequest } from './route.js'

const PUT_TITLE = 'Could not process a resource'

/** Creates or replaces, in the steps and with the titles of Kuma (rest.md §1.7). */
export async function putItem(request: ApiRequest, type: ResourceType): Promise<Reply> {
  refuseReadOnly(request, type)
  const mesh = await meshOf(request, type)
  const key: ResourceKey = { type, mesh, name: request.param('name') }
  const { rules } = request.api
  const { stated, spec } = await step(PUT_TITLE, () => {
    const body = readBody(type, request.body)
    return { stated: body, spec: rules.acceptSpec(type, body.spec) }
  })
  const current = await step('Failed to find a resource', () => request.store.get(key))
  await step(PUT_TITLE, () => refuse(statedViolations(request, key, stated)))
  mayTouch(request, type)
  if (!current) await step('Invalid workload label', () => refuseWorkloadLabel(request, type, stated.labels))
  const labels = rules.computeLabels(key, spec, stated.labels)
  if (current) {
    const before = rules.computeLabels(key, current.spec, current.labels)
    await step('Could not update a resource', () => refuse(immutableLabels(before, labels)))
  }
  return step(current ? 'Failed to update a resource' : 'Failed to create a resource', async () => {
    refuse(rules.ownNameViolations(key, labels))
    const owner: ResourceKey | undefined =
      mesh === undefined ? undefined : { type: 'Mesh', mesh: undefined, name: mesh }
    const draft: ResourceDraft = {
      ...key,
      labels,
      spec,
      // What control planes worked out outlives a new spec; a body's status never counts.
      status: current?.status,
      owner: current ? current.owner : owner,
      syncedVersion: undefined,
    }
    await store(request, draft, current)
    const warnings = rules.warnings(draft)
    return json(warnings.length > 0 ? { warnings } : {}, current ? 200 : 201)
  })
}

/** The write of a new mesh takes its defaults with it: they are there whenever the mesh is. */
async function store({ api, store }: ApiRequest, draft: ResourceDraft, current: Resource | undefined): Promise<void> {
  const expect = current ? { version: current.version } : 'absent'
  const writes: Write[] = [{ kind: 'put', resource: draft, expect }]
  if (draft.type === 'Mesh' && !current) {
    for (const resource of await api.meshDefaults(draft)) writes.push({ kind: 'put', resource, expect: 'absent' })
  }
  const { outcomes } = await store.commit(writes)
  settled(outcomes[0], draft)
}

function settled(outcome: WriteOutcome | undefined, key: ResourceKey): void {
  if (outcome?.kind !== 'conflict' && outcome?.kind !== 'absent') return
  throw new AppError('version-conflict', `${keyText(key)} was changed by someone else meanwhile; read it and try again`)
}

export async function deleteItem(request: ApiRequest, type: ResourceType): Promise<Reply> {
  refuseReadOnly(request, type)
  const mesh = await meshOf(request, type)
  const key: ResourceKey = { type, mesh, name: request.param('name') }
  const title = 'Could not delete a resource'
  const current = await step(title, () => getExisting(request, key))
  await step(title, () => refuse(underLabels(request.api.rules.originViolations(type, current.labels))))
  mayTouch(request, type)
  return step(title, async () => {
    await refuseWhileUsed(request, key)
    const { outcomes } = await request.store.commit([{ kind: 'delete', key, expect: { version: current.version } }])
    settled(outcomes[0], key)
    return json({})
  })
}

/** A mesh is not taken from under its dataplanes, nor a zone from under its open streams. */
async function refuseWhileUsed({ api, store }: ApiRequest, { type, name }: ResourceKey): Promise<void> {
  if (api.unsafeDelete) return
  if (type === 'Mesh') {
    const { resources } = await store.list('Dataplane', { mesh: name })
    const reason = 'unable to delete mesh, there are still some dataplanes attached'
    if (resources.length > 0) throw invalidResource({ field: 'mesh', reason })
  }
  if (type === 'Zone') {
    const insight = await store.get({ type: 'ZoneInsight', mesh: undefined, name })
    const reason = 'unable to delete Zone, Zone CP is still connected, please shut it down first'
    if (insight && isOnline(insight)) throw invalidResource({ field: 'zone', reason })
  }
}

const GLOBAL_READ_ONLY =
  "On global control plane you can not modify dataplane resources with 'kumactl apply' or via the HTTP API. " +
  "You can still use 'kumactl' or the HTTP API to modify them on the zone control plane.\n"
const ZONE_READ_ONLY =
  "On zone control plane you can only modify zone resources with 'kumactl apply' or via the HTTP API. " +
  "You can still use 'kumactl' or the HTTP API to modify the rest of the resource on the global control plane.\n"

function refuseReadOnly({ api }: ApiRequest, type: ResourceType): void {
  if (!isReadOnly(descriptorOf(type), api)) return
  throw new AppError('method-not-allowed', api.mode === 'global' ? GLOBAL_READ_ONLY : ZONE_READ_ONLY)
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length > 0) throw invalidResource(...violations)
}

/** All that is wrong with a body's meta, in Kuma's order: equality with the URL, labels, formats. */
function statedViolations({ api }: ApiRequest, key: ResourceKey, stated: StatedResource): readonly Violation[] {
  const { rules } = api
  const violations: Violation[] = []
  const differs = (field: string) =>
    violations.push({ field, reason: `${field} from the URL has to be the same as in body` })
  if (stated.name !== key.name) differs('name')
  if (stated.type !== key.type) differs('type')
  if (key.mesh !== undefined && stated.mesh !== key.mesh) differs('mesh')
  violations.push(...underLabels(rules.labelViolations({ ...key, mesh: key.mesh && stated.mesh }, stated.labels)))
  violations.push(...rules.nameViolations(key.type, stated.name, key.mesh && stated.mesh))
  return violations
}

/** A zone's stamp stays what it was, on what is here and on its copies. */
function immutableLabels(before: Labels, after: Labels): readonly Violation[] {
  const was = before[LABEL.zone]
  const is = after[LABEL.zone]
  if (was === undefined || was === is) return []
  const change = is === undefined ? `removed (was ${quote(was)})` : `changed from ${quote(was)} to ${quote(is)}`
  return underLabels([{ field: LABEL.zone, reason: `is immutable, cannot be ${change}` }])
}

function quote(text: string): string {
  return JSON.stringify(text)
}

/** A workload becomes a resource's name, in zones only. */
function refuseWorkloadLabel({ api }: ApiRequest, type: ResourceType, labels: Labels): void {
  const workload = labels[LABEL.workload]
  const faults = workload ? rfc1035LabelFaults(workload) : []
  if (type !== 'Dataplane' || api.mode === 'global' || faults.length === 0) return
  const rule = 'must be a valid DNS-1035 label (at most 63 characters, matching regex [a-z]([-a-z0-9]*[a-z0-9])?)'
  throw new AppError('undecodable', `bad request: labels["${LABEL.workload}"]: ${rule}: ${faults.join('; ')}`)
}

/** The label as a field: `labels["kuma.io/origin"]`. */
function underLabels(violations: readonly Violation[]): readonly Violation[] {
  return violations.map(({ field, reason }) => ({ field: `labels[${JSON.stringify(field)}]`, reason }))
}
