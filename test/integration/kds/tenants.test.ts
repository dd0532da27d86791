import { afterEach, beforeEach, expect, test } from 'vitest'
import { Api, ControlPlanes, dataplane, timeout, whenNamed, whenOnline } from './control-planes.js'

const OTHER = '11111111-2222-3333-4444-555555555555'
const CANARY = 'canary-of-the-other'

let planes: ControlPlanes

beforeEach(() => {
  planes = new ControlPlanes()
})

afterEach(() => planes.close())

test('zones of equal name in two control planes never see each other', async () => {
  const global = await planes.global({ tenants: true, controlPlanes: OTHER })
  const other = new Api(global.endpoints.apiHttp, `/v1/mesh/control-planes/${OTHER}/api`)
  const here = await planes.zone('zone-1', global.address, { cpId: 'default' })
  const there = await planes.zone('zone-1', global.address, { cpId: OTHER })
  await other.put(`/meshes/${CANARY}`, { type: 'Mesh', name: CANARY })
  await other.put(`/meshes/default/meshtimeouts/${CANARY}`, timeout(CANARY))
  await whenNamed(there.api, '/meshes', CANARY)
  await there.api.put(`/meshes/default/dataplanes/${CANARY}`, dataplane(CANARY, CANARY))
  await whenNamed(other, '/meshes/default/dataplanes', CANARY)
  await whenOnline(global.api, 'zone-1')
  await whenOnline(other, 'zone-1')
  // A change of ours makes the round trip, so what were to come of theirs would have come.
  await global.api.put('/meshes/default/meshtimeouts/mine', timeout('mine'))
  await whenNamed(here.api, '/meshes/default/meshtimeouts', 'mine')
  for (const api of [global.api, here.api]) {
    for (const path of ['/meshes', '/meshes/default/meshtimeouts', '/meshes/default/dataplanes', '/meshservices']) {
      expect(JSON.stringify((await api.get(path)).body)).not.toContain(CANARY)
    }
  }
  expect(await other.names('/meshes/default/meshtimeouts')).not.toContain('mine')
})

test('a zone that names no control plane, or none that there is, is not let in and makes nothing', async () => {
  const global = await planes.global({ tenants: true, controlPlanes: OTHER })
  await planes.zone('zone-1', global.address)
  await planes.zone('zone-2', global.address, { cpId: '99999999-2222-3333-4444-555555555555' })
  await planes.zone('zone-3', global.address, { cpId: OTHER })
  await whenOnline(new Api(global.endpoints.apiHttp, `/v1/mesh/control-planes/${OTHER}/api`), 'zone-3')
  expect(await global.api.names('/zones')).toEqual([])
  const unknown = new Api(global.endpoints.apiHttp, '/v1/mesh/control-planes/99999999-2222-3333-4444-555555555555/api')
  expect((await unknown.get('/meshes')).status).toBe(404)
})
