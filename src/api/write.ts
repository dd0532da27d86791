import { AppError, type Violation } from '../base/errors.js'
import {
  checkImmutableLabels,
  checkLabels,
  checkOrigin,
  computeLabels,
  workloadLabelFault,
} from '../model/compute-labels.js'
import { meshDefaults } from '../model/defaults.js'
import { isOnline, type ZoneInsightSpec } from '../model/insight.js'
import { LABEL } from '../model/labels.js'
import { checkDisplayName, checkName } from '../model/names.js'
import type { ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceDraft, type ResourceKey, specOf } from '../model/resource.js'
import { MESH_HAS_DATAPLANES, writeRefusal, ZONE_IS_ONLINE } from '../model/write-rules.js'
import type { Write, WriteOutcome } from '../store/store.js'
import { readBody, type StatedResource } from './body.js'
import { completeDataplane } from './dataplane-write.js'
import { invalidResource, step } from './problem.js'
import { getExisting, mayTouch, meshOf } from './read.js'
import { json, type Reply } from './reply.js'
import type { ApiRequest } from './route.js'
import { warningsOf } from './warnings.js'

const PUT_TITLE = 'Could not process a resource'
const DELETE_TITLE = 'Could not delete a resource'

/** Creates or replaces, in the steps and under the titles of Kuma (`resource_crud_endpoints.go`). */
export async function putItem(request: ApiRequest, type: ResourceType): Promise<Reply> {
  refuseReadOnly(request, type)
  const mesh = await meshOf(request, type)
  const key: ResourceKey = { type, mesh, name: request.param('name') }
  const stated = await step(PUT_TITLE, () => readBody(type, request.body))
  const current = await step('Failed to find a resource', () => request.store.get(key))
  await step(PUT_TITLE, () => refuse(statedViolations(request, key, stated)))
  mayTouch(request, type)
  if (!current) await step('Invalid workload label', () => refuseWorkloadLabel(request, type, stated))
  const draft = await step('Could not update a resource', () => draftOf(request, key, stated, current))
  return step(current ? 'Failed to update a resource' : 'Failed to create a resource', async () => {
    refuse(checkDisplayName(type, draft))
    const warnings = warningsOf(await store(request, draft, current))
    return json(warnings.length > 0 ? { warnings } : {}, current ? 200 : 201)
  })
}

/** All that is wrong with a body's meta, in Kuma's order: equality with the URL, labels, forms of names. */
function statedViolations({ api }: ApiRequest, key: ResourceKey, stated: StatedResource): readonly Violation[] {
  const isMeshed = key.mesh !== undefined
  const differing = (['name', 'type', 'mesh'] as const).filter(
    (field) => stated[field] !== key[field] && (field !== 'mesh' || isMeshed),
  )
  const violations: Violation[] = differing.map((field) => ({
    field,
    reason: `${field} from the URL has to be the same as in body`,
  }))
  if (api.cp.mode === 'zone' && `${api.cp.zone}.${key.name}`.length >= SYNCED_NAME_LENGTH_MAX) {
    violations.splice(stated.name === key.name ? 0 : 1, 0, TOO_LONG_TO_SYNC)
  }
  const mesh = isMeshed ? stated.mesh : undefined
  const { name, labels } = stated
  violations.push(...checkLabels(api.cp, { type: key.type, mesh, name, labels, spec: stated.spec }))
  return [...violations, ...checkName(key.type, name, mesh)]
}

/** What a global of old made of a zone's name: `<zone>.<name>` had to be a DNS name. */
const SYNCED_NAME_LENGTH_MAX = 253
const TOO_LONG_TO_SYNC: Violation = { field: 'name', reason: 'the length of the name must be shorter' }

/** A workload becomes a resource's name. */
function refuseWorkloadLabel({ api }: ApiRequest, type: ResourceType, { labels }: StatedResource): void {
  const fault = type === 'Dataplane' && api.cp.mode === 'zone' ? workloadLabelFault(labels) : undefined
  if (fault !== undefined) throw new AppError('undecodable', `bad request: ${fault}`)
}

function draftOf(
  { api }: ApiRequest,
  key: ResourceKey,
  stated: StatedResource,
  current: Resource | undefined,
): ResourceDraft {
  const spec = key.type === 'Dataplane' ? completeDataplane(api.cp, stated.spec, !current) : stated.spec
  const write = { ...key, labels: stated.labels, spec: specOf({ spec }) }
  const labels = computeLabels(api.cp, write)
  if (current) {
    const before = computeLabels(api.cp, { ...key, labels: current.labels, spec: specOf(current) })
    refuse(checkImmutableLabels(before, labels))
  }
  return {
    ...key,
    labels,
    spec,
    // What control planes worked out outlives a new spec; a body's status never counts.
    status: current?.status,
    owner: current ? current.owner : meshOwner(key),
    syncedVersion: undefined,
  }
}

function meshOwner({ mesh }: ResourceKey): ResourceKey | undefined {
  return mesh === undefined ? undefined : { type: 'Mesh', mesh: undefined, name: mesh }
}

/** A new mesh's defaults are in its commit: they are there whenever the mesh is. */
async function store({ api, store }: ApiRequest, draft: ResourceDraft, current?: Resource): Promise<Resource> {
  const expect = current ? { version: current.version } : 'absent'
  const writes: Write[] = [{ kind: 'put', resource: draft, expect }]
  if (draft.type === 'Mesh' && !current) {
    const { skipCreatingInitialPolicies = [] } = specOf<{ skipCreatingInitialPolicies?: readonly string[] }>(draft)
    const defaults = [...meshDefaults(draft.name, skipCreatingInitialPolicies), ...(await api.meshSecrets(draft.name))]
    for (const resource of defaults) writes.push({ kind: 'put', resource, expect: 'absent' })
  }
  const { outcomes } = await store.commit(writes)
  return settled(outcomes[0], draft)
}

/** Throws `version-conflict` when what was read is not what is there. */
function settled(outcome: WriteOutcome | undefined, key: ResourceKey): Resource {
  if (outcome !== undefined && outcome.kind !== 'conflict' && outcome.kind !== 'absent') return outcome.resource
  throw new AppError('version-conflict', `${keyText(key)} was changed by someone else meanwhile; read it and try again`)
}

export async function deleteItem(request: ApiRequest, type: ResourceType): Promise<Reply> {
  refuseReadOnly(request, type)
  const mesh = await meshOf(request, type)
  const key: ResourceKey = { type, mesh, name: request.param('name') }
  const current = await step(DELETE_TITLE, () => getExisting(request, key))
  await step(DELETE_TITLE, () => refuse(originViolations(request, current)))
  mayTouch(request, type)
  return step(DELETE_TITLE, async () => {
    await refuseWhileUsed(request, key)
    const { outcomes } = await request.store.commit([{ kind: 'delete', key, expect: { version: current.version } }])
    settled(outcomes[0], key)
    return json({})
  })
}

/** Kuma names the field of a deletion without the word `labels`. */
function originViolations({ api }: ApiRequest, { type, labels }: Resource): readonly Violation[] {
  return checkOrigin(api.cp, type, labels).map(({ field, reason }) => ({
    field: field.replace(/^labels/, ''),
    reason,
  }))
}

/** A mesh is not taken from under its workloads, whose zones' own proxies go with it, nor a zone from under its open streams. */
async function refuseWhileUsed({ api, store }: ApiRequest, { type, name }: ResourceKey): Promise<void> {
  if (api.unsafeDelete) return
  if (type === 'Mesh') {
    const { resources } = await store.list('Dataplane', { mesh: name })
    if (resources.some(({ labels }) => labels[LABEL.zoneIngress] === undefined))
      throw invalidResource(MESH_HAS_DATAPLANES)
  }
  if (type === 'Zone') {
    const insight = await store.get({ type: 'ZoneInsight', mesh: undefined, name })
    if (insight && isOnline(specOf<ZoneInsightSpec>(insight))) throw invalidResource(ZONE_IS_ONLINE)
  }
}

function refuseReadOnly({ api }: ApiRequest, type: ResourceType): void {
  const refusal = writeRefusal(type, api.cp.mode)
  if (refusal !== undefined) throw new AppError('method-not-allowed', refusal)
  if (api.readOnly) throw new AppError('method-not-allowed', 'This control plane serves its API read-only.\n')
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length > 0) throw invalidResource(...violations)
}
