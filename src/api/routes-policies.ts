import type { JsonObject } from '../model/json.js'
import { descriptorOf, POLICY_TYPES, type ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'
import { explainPolicies } from '../policy/explain.js'
import { selectSections } from '../policy/match.js'
import type { MatchedPolicies } from '../policy/matched-policies.js'
import { matchingDataplanes } from './matching-dataplanes.js'
import { type Inspected, indexOf, inspectDataplane, matchAll, readMeshPolicies } from './policy-match.js'
import { step } from './problem.js'
import { meshOf } from './read.js'
import { json, type Reply } from './reply.js'
import { metaJson, referenceJson } from './resource-json.js'
import type { ApiRequest, Route } from './route.js'
import { rulesJson } from './rules-json.js'

const DATAPLANE = '/meshes/{mesh}/dataplanes/{name}'

/** Which policies hold where. The `policies` and `dataplanes` ones are older forms that kumactl and the GUI still ask. */
export const POLICY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${DATAPLANE}/_rules`,
    what: 'All rules that policies make for a dataplane; with ?explain=true what became of each policy, and why',
    handle: rules,
  },
  { method: 'GET', path: `${DATAPLANE}/policies`, what: 'Policies of a dataplane by attachment', handle: attachments },
  ...POLICY_TYPES.flatMap((type): readonly Route[] => {
    const { display, paths } = descriptorOf(type)
    const item = `/meshes/{mesh}/${paths[0]}/{name}`
    return [
      {
        method: 'GET',
        path: `${item}/_resources/dataplanes`,
        what: `Dataplanes that a ${display} selects`,
        handle: async (request) => {
          await meshOf(request, type)
          return matchingDataplanes(request, type, (policy, proxy) => selectSections(policy, proxy).selected)
        },
      },
      {
        method: 'GET',
        path: `${item}/dataplanes`,
        what: `Attachments of a ${display}`,
        handle: (request) => policyAttachments(request, type),
      },
    ]
  }),
]

async function rules(request: ApiRequest): Promise<Reply> {
  const { api, query, store } = request
  const inspected = await inspectDataplane(request)
  return step('Failed building response', async () => {
    const body = rulesJson(inspected)
    if (query.get('explain') !== 'true') return json(body)
    const hasIdentity = (await api.spiffeId?.(store, inspected.dataplane)) !== undefined
    return json({ ...body, effects: effectsJson(inspected, hasIdentity) })
  })
}

/** Ours: what became of each policy of the mesh for this dataplane, and why where it came to nothing. */
function effectsJson({ dataplane, policies, services }: Inspected, hasIdentity: boolean): readonly JsonObject[] {
  const effects = explainPolicies({ dataplane, policies, destinations: indexOf(services), hasIdentity })
  return effects.map(({ policy, holds, reasons }) => ({ policy: referenceJson(policy), holds, reasons }))
}

async function attachments(request: ApiRequest): Promise<Reply> {
  const { matched } = await inspectDataplane(request, 'Could not get MatchedPolicies')
  const types = matched.filter(({ policies }) => policies.length > 0)
  const metas = ({ policies }: MatchedPolicies) => policies.map((policy) => metaJson(policy))
  const items =
    types.length === 0
      ? []
      : [{ type: 'dataplane', matchedPolicies: Object.fromEntries(types.map((one) => [one.type, metas(one)])) }]
  return json({ kind: 'SidecarDataplane', total: items.length, items })
}

async function policyAttachments(request: ApiRequest, type: ResourceType): Promise<Reply> {
  const mesh = await step('Could not list Dataplanes', () => meshOf(request, type))
  const [{ resources: dataplanes }, policies] = await Promise.all([
    request.store.list('Dataplane', { mesh: mesh ?? '' }),
    readMeshPolicies(request.store, mesh ?? ''),
  ])
  const isWanted = (policy: Resource) => policy.type === type && policy.name === request.param('name')
  const wanted = policies.filter(({ type: other }) => other === type)
  const items = dataplanes
    .filter((dataplane) => matchAll(wanted, dataplane).some((matched) => matched.policies.some(isWanted)))
    .map(({ name }) => ({
      kind: 'SidecarDataplane',
      dataplane: { mesh: mesh ?? '', name },
      attachments: [{ type: 'dataplane' }],
    }))
  return json({ total: items.length, items })
}
