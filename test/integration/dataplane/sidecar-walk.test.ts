import { randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readJws } from '../../../src/auth/gate.js'
import { AppError } from '../../../src/base/errors.js'
import type { JsonObject } from '../../../src/model/json.js'
import { parseTenantId, type TenantId } from '../../../src/model/tenant.js'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import { ENVOY_TYPE_URL } from '../../../src/wire/envoy-codec.js'
import { DeltaAggregatedResources } from '../../../src/wire/xds-service.js'
import { Api, ControlPlanes, dataplane, eventually, type RunningZone } from '../kds/control-planes.js'

/** Both doors of a zone's sidecars, xDS and bootstrap, with every class of credential, over real sockets; they must agree. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const A = parseTenantId('control-plane-a')
const B = parseTenantId('control-plane-b')
const U = 'unauthenticated'
const PD = 'permission-denied'

const planes = new ControlPlanes()
const tokens = new Map<string, string>()
let zone: RunningZone

const CLASSES = [
  ['none', U, /token is required|did not provide/i],
  ['malformed', U, /authentication failed/],
  ['an expired dataplane token', U, /expired/],
  ['a revoked dataplane token', U, /revoked/],
  ["another control plane's dataplane token", U, /authentication failed/],
  ["another mesh's dataplane token", U, /authentication failed/],
  ["this zone's zone token", U, /authentication failed/],
  ["another zone's zone token", U, /authentication failed/],
  ['a user token of an admin', U, /authentication failed/],
  ['an access token, of whatever organisation', U, /authentication failed/],
  ["another zone's dataplane token", PD, /tag "kuma.io\/zone"/],
  ["another Dataplane's dataplane token", PD, /proxy name/],
  ["another workload's dataplane token", PD, /workload "backend" is not allowed/],
  ['the right one, of the mesh', 'OK', /^$/],
  ['the right one, of this Dataplane alone', 'OK', /^$/],
] as const

beforeAll(async () => {
  const { endpoints, address } = await planes.global({ tenants: true, controlPlanes: `${A},${B}` })
  const api = (id: TenantId) => new Api(endpoints.apiHttp, `/v1/mesh/control-planes/${id}/api`)
  await api(A).put('/meshes/other', { type: 'Mesh', name: 'other' })
  zone = await planes.zone('zone-1', address, { cpId: A, dpAuth: 'dpToken' })
  const issue = (claims: JsonObject = {}, id = A) =>
    api(id).text('/tokens/dataplane', { mesh: 'default', validFor: '1h', ...claims })
  const zoneToken = (name: string) => api(A).text('/tokens/zone', { zone: name, scope: ['cp'], validFor: '1h' })
  const admin = { name: 'mesh-system:admin', groups: ['mesh-system:admin'], validFor: '1h' }
  const revoked = await issue()
  tokens.set('malformed', 'a.b.c')
  tokens.set('an expired dataplane token', await issue({ validFor: '-1s' }))
  tokens.set('a revoked dataplane token', revoked)
  tokens.set("another control plane's dataplane token", await issue({}, B))
  tokens.set("another mesh's dataplane token", await issue({ mesh: 'other' }))
  tokens.set("this zone's zone token", await zoneToken('zone-1'))
  tokens.set("another zone's zone token", await zoneToken('zone-2'))
  tokens.set('a user token of an admin', await api(A).text('/tokens/user', admin))
  tokens.set('an access token, of whatever organisation', `spat_${randomBytes(24).toString('hex')}`)
  tokens.set("another zone's dataplane token", await issue({ tags: { 'kuma.io/zone': ['zone-2'] } }))
  tokens.set("another Dataplane's dataplane token", await issue({ name: 'dp-2' }))
  tokens.set("another workload's dataplane token", await issue({ workload: 'frontend' }))
  tokens.set('the right one, of the mesh', await issue())
  const tags = { 'kuma.io/zone': ['zone-1'] }
  tokens.set('the right one, of this Dataplane alone', await issue({ name: 'dp-1', workload: 'backend', tags }))

  const name = 'dataplane-token-revocations-default'
  const data = Buffer.from(idOf(revoked)).toString('base64')
  await api(A).put(`/meshes/default/secrets/${name}`, { type: 'Secret', mesh: 'default', name, data })
  await eventually('the zone has keys and revocations', async () => {
    const { status } = await zone.api.get(`/meshes/default/secrets/${name}`)
    return status === 200 ? true : undefined
  })
  await zone.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
})

afterAll(() => planes.close())

function idOf(token: string): string {
  const jws = readJws(token)
  if (jws.kind === 'refused') throw new Error(jws.text)
  return (JSON.parse(jws.payload.toString()) as { jti: string }).jti
}

interface Outcome {
  readonly code: string
  readonly text: string
}

/** What comes first on a stream of dp-1: configuration, or the end. */
async function xds(token: string | undefined): Promise<Outcome> {
  const headers = () => (token === undefined ? {} : { authorization: [token] })
  const target = `127.0.0.1:${zone.endpoints.xds}`
  const client = new GrpcClient({ target, trust: { kind: 'skip-verify' }, headers })
  const node = { id: 'default.dp-1', metadata: { 'dataplane.readinessReporter.port': '9902' } }
  const first = { type: ENVOY_TYPE_URL.cluster, nonce: '', subscribe: ['*'], unsubscribe: [], error: undefined, node }
  try {
    return await new Promise((resolve) => {
      const stream = client.open(DeltaAggregatedResources)
      stream.open({
        onMessage: () => resolve({ code: 'OK', text: '' }),
        onWritable: () => {},
        onEnd: (reason) => resolve({ code: 'code' in reason ? reason.code : reason.kind, text: reason.detail ?? '' }),
      })
      stream.send({ ...first, initialVersions: new Map() })
    })
  } finally {
    client.close()
  }
}

/** Kuma tells a sidecar by 422 alone that its token will not do, whatever is wrong with it. */
function bootstrap(token = ''): Promise<Outcome> {
  const body = JSON.stringify({ mesh: 'default', name: 'dp-1', proxyType: 'dataplane', dataplaneToken: token })
  const { bootstrap: port } = zone.endpoints
  const options = { host: '127.0.0.1', port, path: '/bootstrap', method: 'POST', rejectUnauthorized: false }
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, headers: { 'content-type': 'application/json' } }, (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () =>
        resolve(answer.statusCode === 200 ? { code: 'OK', text: '' } : { code: String(answer.statusCode), text }),
      )
    })
    asked.on('error', (cause) => reject(AppError.from(cause)))
    asked.end(body)
  })
}

test.each(CLASSES)('%s is %s', async (credential, code, text) => {
  const token = tokens.get(credential)
  expect(await xds(token)).toEqual({ code, text: expect.stringMatching(text) })
  const refused = code === 'OK' ? 'OK' : '422'
  expect(await bootstrap(token)).toEqual({ code: refused, text: expect.stringMatching(text) })
})

test('the right one after Bearer opens no stream', async () => {
  const token = tokens.get('the right one, of the mesh') ?? ''
  expect((await xds(`Bearer ${token}`)).code).toBe(U)
})
