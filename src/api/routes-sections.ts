import { AppError } from '../base/errors.js'
import { EMPTY_JSON_OBJECT, type JsonObject } from '../model/json.js'
import { LABEL, type Labels } from '../model/labels.js'
import { kriOf } from '../model/naming.js'
import type { Resource } from '../model/resource.js'
import { sectionsOf } from '../policy/match.js'
import { matchesKey } from '../policy/merge.js'
import type { Origin } from '../policy/policy-spec.js'
import { type Destination, ownToRule, routeRulesOf, type ToEntries, type ToRule, toRule } from '../policy/to-rules.js'
import { type GivenKri, readKri } from './kri.js'
import { type Inspected, inspectDataplane } from './policy-match.js'
import { step } from './problem.js'
import { json } from './reply.js'
import type { ApiRequest, Route } from './route.js'

const DATAPLANE = '/meshes/{mesh}/dataplanes/{name}'
const OUTBOUND = `${DATAPLANE}/_outbounds/{outbound_kri}`

/** What policies come to for a proxy and for each part of it. */
export const SECTION_ROUTES: readonly Route[] = [
  route(`${DATAPLANE}/_policies`, 'Policies of the proxy itself', (_request, { matched }) => ({
    policies: matched.flatMap(({ type, proxy }) =>
      proxy ? [{ conf: proxy.conf, kind: type, origins: krisOf(proxy.origins) }] : [],
    ),
  })),
  route(`${DATAPLANE}/_inbounds/{inbound_kri}/_policies`, 'Policies of an inbound or a listener', inboundPolicies),
  route(`${OUTBOUND}/_policies`, 'Policies of the traffic to a destination', (request, inspected) => {
    const outbound = destinationOf(readKri(request.param('outbound_kri')), inspected)
    return { policies: outboundPolicies(inspected, (to) => toRule(to, outbound)) }
  }),
  route(`${OUTBOUND}/_routes`, 'Routes to a destination', outboundRoutes),
  route(`${OUTBOUND}/_routes/{route_kri}/_policies`, 'Policies of one route to a destination', routePolicies),
]

type Build = (request: ApiRequest, inspected: Inspected) => JsonObject

function route(path: string, what: string, build: Build): Route {
  return {
    method: 'GET',
    path,
    what,
    handle: async (request) => {
      const inspected = await inspectDataplane(request)
      return step('Failed building response', () => json(build(request, inspected)))
    },
  }
}

/** Without a section the KRI means the first. Kuma answers an unknown one with 500. */
function inboundPolicies(request: ApiRequest, { dataplane, matched }: Inspected): JsonObject {
  const { section } = readKri(request.param('inbound_kri'))
  const inbound = sectionsOf(dataplane).find(({ name }) => section === '' || name === section)
  if (!inbound) throw new AppError('not-found', `the dataplane has no inbound or listener ${JSON.stringify(section)}`)
  const policies = matched.flatMap(({ type, inbound: rulesBySection }) => {
    const rules = rulesBySection.get(inbound.name) ?? []
    if (rules.length === 0) return []
    const origins = krisOf(rules.map(({ origin }) => origin))
    return [{ kind: type, origins, rules: rules.map(({ conf, origin }) => ({ conf, kri: kriOf(origin.policy) })) }]
  })
  return { policies }
}

const ROUTE_KINDS = ['MeshHTTPRoute', 'MeshTCPRoute']

function outboundPolicies(
  { matched }: Inspected,
  ruleOf: (to: ToEntries) => ToRule | undefined,
): readonly JsonObject[] {
  return matched.flatMap(({ type, to }) => {
    const rule = ruleOf(to)
    return rule ? [{ conf: [rule.conf], kind: type, origins: krisOf(rule.origins) }] : []
  })
}

function outboundRoutes(request: ApiRequest, inspected: Inspected): JsonObject {
  const outbound = destinationOf(readKri(request.param('outbound_kri')), inspected)
  const routes = inspected.matched.flatMap(({ type, to }) => {
    const rule = ROUTE_KINDS.includes(type) ? toRule(to, outbound) : undefined
    if (!rule) return []
    const rules = type === 'MeshTCPRoute' ? [tcpRuleJson(rule)] : httpRulesJson(rule)
    return [{ kind: type, origins: krisOf(rule.origins), rules }]
  })
  return { routes }
}

function httpRulesJson(rule: ToRule): readonly JsonObject[] {
  return routeRulesOf(rule.conf).map(({ matches, default: conf }) => {
    const origin = rule.originByMatches.get(matchesKey(matches))
    return { conf, kri: origin ? kriOf(origin.policy) : '', matches }
  })
}

/** A TCP route has one rule, which matches everything. */
function tcpRuleJson({ conf }: ToRule): JsonObject {
  return { conf: conf.default ?? {}, kri: '', matches: null }
}

/** What is said of the route itself, and else of where it leads. */
function routePolicies(request: ApiRequest, inspected: Inspected): JsonObject {
  const outbound = destinationOf(readKri(request.param('outbound_kri')), inspected)
  const through = destinationOf(readKri(request.param('route_kri')), inspected)
  const matched = inspected.matched.filter(({ type }) => !ROUTE_KINDS.includes(type))
  return {
    policies: outboundPolicies({ ...inspected, matched }, (to) => ownToRule(to, through) ?? toRule(to, outbound)),
  }
}

/** What a KRI names; for what is not there, something of which only what is said of the whole mesh holds. */
function destinationOf(kri: GivenKri, { destinations, mesh }: Inspected): Destination {
  const whole = kriOf(resourceLike(kri, mesh))
  const resource = destinations.find((destination) => kriOf(destination) === whole) ?? resourceLike(kri, mesh)
  return { resource, section: kri.section }
}

function resourceLike({ type, mesh, zone, namespace, name }: GivenKri, like: Resource): Resource {
  const labels: Labels = {
    [LABEL.displayName]: name,
    ...(zone && { [LABEL.zone]: zone }),
    ...(namespace && { [LABEL.namespace]: namespace }),
  }
  return { ...like, type, mesh: mesh || undefined, name, labels, spec: EMPTY_JSON_OBJECT, status: undefined }
}

function krisOf(origins: readonly Origin[]): readonly JsonObject[] {
  return [...new Set(origins.map(({ policy }) => kriOf(policy)))].map((kri) => ({ kri }))
}
