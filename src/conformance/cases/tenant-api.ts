import { isJsonObject, type Json, parseJson } from '../../model/json.js'
import type { Case } from '../case.js'
import type { Stage } from '../stage.js'
import type { ApiAnswer } from '../target-api.js'
import { CONTROL_PLANES } from '../target-platform.js'
import { rowsOf } from './row.js'

/** auth.md §4.11: what access tokens open of the REST API of control planes. */
const row = rowsOf('cross-use')
const PLATFORM = { profiles: ['konnect-sat'], needs: ['platform'] } as const

interface Asked {
  readonly method: string
  /** Behind the path of the control plane. */
  readonly path: string
  readonly body?: Json
  /** What its admin gets. */
  readonly status: number
}

/** Reading, writing and issuing: at the control plane itself, and in its own API. */
const REQUESTS: readonly Asked[] = [
  { method: 'GET', path: '', status: 200 },
  { method: 'GET', path: '/api/meshes', status: 200 },
  { method: 'GET', path: '/api/zones', status: 200 },
  { method: 'GET', path: '/api/global-secrets', status: 200 },
  { method: 'PUT', path: '/api/meshes/zl-conf', body: { type: 'Mesh', name: 'zl-conf' }, status: 201 },
  { method: 'POST', path: '/api/tokens/zone', body: { zone: 'zl-conf', scope: ['cp'], validFor: '1m' }, status: 200 },
  { method: 'PATCH', path: '', body: { description: 'zl-conf' }, status: 200 },
  { method: 'DELETE', path: '', status: 204 },
]

/** Who connects zones may make their accounts too, but not anywhere. */
const PROVISIONING: Asked = { method: 'POST', path: '/api/provision-zone', body: { name: 'zl-conf' }, status: 200 }

const PROBLEM = 'application/problem+json'

function send({ bench }: Stage, { method, path, body }: Asked, controlPlane: string, as: string): Promise<ApiAnswer> {
  return bench.platform.api.send(method, `${CONTROL_PLANES}/${controlPlane}${path}`, body, as)
}

/** What a problem says, without the number of the request. */
function problemIn({ contentType, body }: ApiAnswer): string | undefined {
  if (!contentType.startsWith(PROBLEM)) return undefined
  const value = parseJson(body)
  if (!isJsonObject(value)) return undefined
  const { status, title, detail, instance } = value
  return typeof instance === 'string' ? `${status} ${title}: ${detail}` : undefined
}

/** What is served may be a token, which no report is to show. */
function described({ status, contentType, body }: ApiAnswer): string {
  return status < 300 ? `${status}` : `${status} ${contentType} ${body.slice(0, 160)}`
}

export const TENANT_API: readonly Case[] = [
  row.scenario(
    210,
    'Connector connects zones and opens nothing of the API',
    { basis: 'konnect', norm: 'mesh roles', ...PLATFORM },
    async (stage) => {
      const { platform } = stage.bench
      const { id } = await platform.newControlPlane()
      const connector = await platform.connector(id)
      for (const asked of REQUESTS) {
        const name = `${asked.method} …${asked.path}`
        const refused = await send(stage, asked, id, connector)
        const problem = problemIn(refused)
        stage.check(`${name} is a 403 problem`, refused.status === 403 && problem !== undefined, described(refused))
        const served = await send(stage, asked, id, platform.userToken)
        stage.check(`${name} is the admin's`, served.status === asked.status, described(served))
      }
    },
  ),
  row.scenario(
    211,
    "another organisation's control plane is refused as one that is nowhere",
    { basis: 'ours', norm: 'no existence oracle', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { platform } = bench
      const foreign = await platform.foreign()
      const tokens = { 'an admin': platform.userToken, 'a Connector': await bench.legalToken() }
      for (const [who, token] of Object.entries(tokens)) {
        const statuses = new Set<number>()
        for (const asked of [PROVISIONING, ...REQUESTS]) {
          const name = `${asked.method} …${asked.path} by ${who}`
          const [there, nowhere] = [
            await send(stage, asked, foreign.id, token),
            await send(stage, asked, bench.uuid(), token),
          ]
          stage.check(`${name} is refused`, [403, 404].includes(there.status), described(there))
          const [said, saidNowhere] = [problemIn(there), problemIn(nowhere)]
          const same = there.status === nowhere.status && said !== undefined && said === saidNowhere
          stage.check(`${name} is refused as nowhere`, same, `${described(there)}; nowhere ${described(nowhere)}`)
          statuses.add(there.status)
        }
        stage.check(`${who} is told the same of all`, statuses.size === 1, [...statuses].join(' and '))
      }
      const there = (await foreign.api.get('/meshes')) !== undefined
      stage.check('to its own admin it is there', there, foreign.id)
    },
  ),
]
