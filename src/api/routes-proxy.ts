import { type Action, requireAccess } from '../auth/access.js'
import { AppError } from '../base/errors.js'
import type { Json, JsonObject } from '../model/json.js'
import type { Resource } from '../model/resource.js'
import { jsonDiff } from './json-diff.js'
import type { ProxyQuestion } from './options.js'
import { step } from './problem.js'
import { getExisting, mayTouch, meshOf } from './read.js'
import { JSON_TYPE, json, type Reply, text } from './reply.js'
import type { ApiRequest, Route } from './route.js'

const DATAPLANE = '/meshes/{mesh}/dataplanes/{name}'

/** What a proxy itself answers, and what its zone would send it. */
export const PROXY_ROUTES: readonly Route[] = [
  { method: 'GET', path: `${DATAPLANE}/_config`, what: 'The xDS that a zone makes for a proxy', handle: proxyConfig },
  {
    method: 'GET',
    path: `${DATAPLANE}/{type}`,
    what: "A proxy's own xds, stats or clusters",
    rules: ['viewConfigDump', 'viewStats', 'viewClusters'],
    handle: askProxy,
  },
]

const ADMIN_TITLE = 'Could not execute admin operation'

async function askProxy(request: ApiRequest): Promise<Reply> {
  const { api, store, user } = request
  const { question, action } = await step(ADMIN_TITLE, () => readQuestion(request))
  requireAccess(api.access, user, action)
  const key = { type: 'Dataplane', mesh: request.param('mesh'), name: request.param('name') } as const
  const dataplane = await step('Could not get dataplane resource', () => getExisting(request, key))
  const answer = await step(ADMIN_TITLE, () => api.proxies.ask(store, dataplane, question))
  return text(answer, question.kind === 'xds' || question.format === 'json' ? JSON_TYPE : 'text/plain')
}

function readQuestion({ query, param }: ApiRequest): { question: ProxyQuestion; action: Action } {
  const format = query.get('format') === 'json' ? 'json' : 'text'
  switch (param('type')) {
    case 'xds': {
      const includeEds = parseGoBool(query.get('include_eds')) ?? false
      return { question: { kind: 'xds', includeEds }, action: { kind: 'view-config-dump' } }
    }
    case 'stats': {
      const usedOnly = parseGoBool(query.get('usedonly')) ?? true
      return { question: { kind: 'stats', format, usedOnly }, action: { kind: 'view-stats' } }
    }
    case 'clusters':
      return { question: { kind: 'clusters', format }, action: { kind: 'view-clusters' } }
    default:
      throw new AppError('not-found', 'a proxy can be asked for its xds, stats or clusters')
  }
}

const GO_TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True']
const GO_FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False']

/** Undefined when absent or no boolean to Go's strconv.ParseBool. */
function parseGoBool(given: string | null): boolean | undefined {
  if (given === null) return undefined
  if (GO_TRUE.includes(given)) return true
  return GO_FALSE.includes(given) ? false : undefined
}

async function proxyConfig(request: ApiRequest): Promise<Reply> {
  const { api, store } = request
  if (api.proxyConfig === undefined) throw new AppError('method-not-allowed', 'Not allowed on global CP')
  const { build } = api.proxyConfig
  const mesh = await meshOf(request, 'Dataplane')
  mayTouch(request, 'Dataplane')
  const { shadow, diff } = readConfigParams(request.query)
  const dataplane: Resource = await step('Failed to fetch dataplane insight', async () => {
    // A proxy that never connected has no insight, and what it would be sent depends on what it said then.
    await getExisting(request, { type: 'DataplaneInsight', mesh, name: request.param('name') })
    return getExisting(request, { type: 'Dataplane', mesh, name: request.param('name') })
  })
  return step('Failed to inspect proxy config', async () => {
    const xds = await build(store, dataplane, { shadow })
    if (!diff) return json({ xds })
    const current = shadow ? await build(store, dataplane, { shadow: false }) : xds
    return json({ diff: jsonDiff(current, xds) as readonly Json[], xds } satisfies JsonObject)
  })
}

function readConfigParams(query: URLSearchParams): { shadow: boolean; diff: boolean } {
  const given = query.get('shadow') ?? ''
  const shadow = given === '' ? false : parseGoBool(given)
  if (shadow === undefined) throw unsupported('shadow')
  const include = (query.get('include') ?? '').split(',').filter((word) => word !== '')
  if (include.some((word) => word !== 'diff')) throw unsupported('include')
  return { shadow, diff: include.length > 0 }
}

function unsupported(parameter: string): AppError {
  return new AppError('undecodable', `bad request: unsupported value for query parameter '${parameter}'`)
}
