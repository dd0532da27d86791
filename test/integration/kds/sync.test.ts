import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  ControlPlanes,
  dataplane,
  eventually,
  MESH_TIMEOUTS,
  timeout,
  whenNamed,
  whenOnline,
} from './control-planes.js'

let planes: ControlPlanes

beforeEach(() => {
  planes = new ControlPlanes()
})

afterEach(() => planes.close())

describe('a global and its zones', () => {
  test('what is written at the global is at the zone, and what is deleted goes', async () => {
    const global = await planes.global()
    const zone = await planes.zone('zone-1', global.address)
    await global.api.put(`${MESH_TIMEOUTS}/to-all`, timeout('to-all'))
    await whenNamed(zone.api, MESH_TIMEOUTS, 'to-all')
    const [copy] = ((await zone.api.get(MESH_TIMEOUTS)).body.items as { name: string; labels: object }[]).filter(
      ({ name }) => name.startsWith('to-all'),
    )
    expect(copy).toMatchObject({ labels: { 'kuma.io/origin': 'global', 'kuma.io/display-name': 'to-all' } })
    expect(await global.api.delete(`${MESH_TIMEOUTS}/to-all`)).toBe(200)
    await whenNamed(zone.api, MESH_TIMEOUTS, 'to-all', false)
  })

  test('a Dataplane of one zone makes a MeshService that the other zone sees, until the first is disabled', async () => {
    const global = await planes.global()
    const one = await planes.zone('zone-1', global.address)
    const two = await planes.zone('zone-2', global.address)
    await whenNamed(one.api, '/meshes', 'default')
    await one.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
    await whenNamed(global.api, '/meshes/default/dataplanes', 'dp-1')
    await whenNamed(two.api, '/meshes/default/meshservices', 'backend')
    await global.api.put('/zones/zone-1', { type: 'Zone', name: 'zone-1', enabled: false })
    await whenNamed(two.api, '/meshes/default/meshservices', 'backend', false)
    await whenNamed(one.api, '/meshes/default/meshservices', 'backend')
    await global.api.put('/zones/zone-1', { type: 'Zone', name: 'zone-1', enabled: true })
    await whenNamed(two.api, '/meshes/default/meshservices', 'backend')
  })

  test('a Zone is not deleted while it is online; offline it takes along what came from it', async () => {
    const global = await planes.global()
    const zone = await planes.zone('zone-1', global.address)
    await whenNamed(zone.api, '/meshes', 'default')
    await zone.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
    await whenNamed(global.api, '/meshes/default/dataplanes', 'dp-1')
    await whenOnline(global.api, 'zone-1')
    expect(await global.api.delete('/zones/zone-1')).toBe(400)
    await zone.process.stop()
    await whenOnline(global.api, 'zone-1', false)
    expect(await global.api.delete('/zones/zone-1')).toBe(200)
    expect(await global.api.names('/meshes/default/dataplanes')).toEqual([])
    expect((await global.api.get('/zones')).body.items).toEqual([])
  })

  test('one resource that a zone refuses is named at the global, and the others are there', async () => {
    const global = await planes.global({ diagnosticsToken: 'lab' })
    const zone = await planes.zone('zone-1', global.address)
    await whenNamed(zone.api, '/meshes', 'default')
    const secret = (data: string) => ({ type: 'Secret', mesh: 'default', name: 'shared', data })
    await zone.api.put('/meshes/default/secrets/shared', secret(Buffer.from('local').toString('base64')))
    await global.api.put('/meshes/default/secrets/shared', secret(Buffer.from('global').toString('base64')))
    await global.api.put('/meshes/default/secrets/other', { ...secret('b3RoZXI='), name: 'other' })
    await whenNamed(zone.api, '/meshes/default/secrets', 'other')
    const row = await eventually('the refusal is shown', async () =>
      (await rows(global.endpoints.diagnostics)).find(({ state }) => state === 'NACKED'),
    )
    expect(row).toMatchObject({ peer: 'zone-1', type: 'Secret', detail: expect.stringContaining('shared.default') })
    expect((await zone.api.get('/meshes/default/secrets/shared')).body.data).toBe(secret('bG9jYWw=').data)
    // The sender does not offer it again: the zone has kept it, and takes it once the name is free.
    await zone.api.delete('/meshes/default/secrets/shared')
    const data = await eventually('the kept copy takes the place', async () => {
      const { status, body } = await zone.api.get('/meshes/default/secrets/shared')
      return status === 200 ? body.data : undefined
    })
    expect(data).toBe(Buffer.from('global').toString('base64'))
  })
})

async function rows(port: number): Promise<readonly { peer: string; type: string; state: string; detail?: string }[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/status`, { headers: { authorization: 'Bearer lab' } })
  return ((await answer.json()) as { zones: [] }).zones
}
